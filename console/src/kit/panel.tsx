import { type ReactNode, useId } from 'react';

export type PanelProps = {
  readonly title?: string;
  /** Read aloud in place of the title, where several panels have the same one. */
  readonly label?: string;
  /** Beside the title: a count, a badge. */
  readonly aside?: ReactNode;
  readonly actions?: ReactNode;
  readonly tone?: 'plain' | 'warn' | 'bad' | 'good' | 'info' | 'foreign';
  /** Its content reaches to the edges: tables and lists. */
  readonly flush?: boolean;
  readonly children: ReactNode;
};

export function Panel({
  title,
  label,
  aside,
  actions,
  tone = 'plain',
  flush,
  children,
}: PanelProps): ReactNode {
  const id = useId();
  return (
    <section
      className={`panel panel-${tone}${flush === true ? ' panel-flush' : ''}`}
      {...(label === undefined
        ? title === undefined
          ? {}
          : { 'aria-labelledby': id }
        : { 'aria-label': label })}
    >
      {title === undefined ? null : (
        <header className="panel-header">
          <h2 id={id}>{title}</h2>
          {aside === undefined ? null : <div className="panel-aside">{aside}</div>}
          {actions === undefined ? null : <div className="panel-actions">{actions}</div>}
        </header>
      )}
      <div className="panel-body">{children}</div>
    </section>
  );
}

/** Names and values. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [string, ReactNode])[];
}): ReactNode {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
