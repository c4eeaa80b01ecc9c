/** What will run, step by step: each argument in its own box, equal steps of several targets told once. */
import { type ReactNode, useMemo } from 'react';
import { Visible } from '../kit/foreign.tsx';
import { Argv, Badge, Code, Panel } from '../kit/index.ts';
import type { PlanStep } from '../sign/index.ts';
import { sameOnTargets } from './same.ts';
import type { ShownStep } from './shapes.ts';

export function WhatRuns({
  title,
  steps,
  children,
}: {
  readonly title: string;
  readonly steps: readonly PlanStep[];
  readonly children?: ReactNode;
}): ReactNode {
  const groups = useMemo(() => sameOnTargets(steps), [steps]);
  return (
    <Panel title={title} aside={`${steps.length} ${steps.length === 1 ? 'step' : 'steps'}`}>
      <ol className="steps">
        {groups.map(({ item: step, targets }, at) => (
          <li key={at} className="step">
            <StepHead
              effect={step.effect}
              targets={targets}
              number={step.of > 1 ? step.step : undefined}
            />
            <Argv
              argv={step.argv.map((arg) =>
                typeof arg === 'string'
                  ? arg
                  : (step.files[arg.file - 1]?.path ?? 'a missing file'),
              )}
            />
            <p className="quiet small row">
              <span>
                as <code>{step.runAs}</code>
              </span>
              <span>· at most {step.timeoutSeconds} s</span>
              {step.atomic ? <span>· finishes even under a stop</span> : null}
            </p>
            {step.stdin === null ? null : (
              <div className="stack-small">
                <p className="small">On its standard input:</p>
                <Code text={step.stdin} label="Standard input" />
              </div>
            )}
            {step.files.length === 0 ? null : (
              <Hashes
                says="Files it uses, exactly as they were read"
                files={step.files.map(({ path, sha256 }) => [path, sha256])}
              />
            )}
            {step.conditions.length === 0 ? null : (
              <Hashes
                says="The host itself tests right before"
                files={step.conditions.map((each) => [
                  each.path,
                  each.kind === 'file-absent' ? 'must not be there' : each.sha256,
                ])}
              />
            )}
          </li>
        ))}
      </ol>
      {children}
    </Panel>
  );
}

/** Of a change whose plan is not to be signed here any more. */
export function WhatRan({
  title,
  steps,
}: {
  readonly title: string;
  readonly steps: readonly ShownStep[];
}): ReactNode {
  const groups = useMemo(() => sameOnTargets(steps), [steps]);
  return (
    <Panel title={title} aside={`${steps.length} ${steps.length === 1 ? 'step' : 'steps'}`}>
      <ol className="steps">
        {groups.map(({ item: step, targets }, at) => (
          <li key={at} className="step">
            <StepHead effect={step.effect} targets={targets} />
            <Argv argv={step.argv} />
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function StepHead({
  effect,
  targets,
  number,
}: {
  readonly effect: string;
  readonly targets: readonly string[];
  readonly number?: number | undefined;
}): ReactNode {
  return (
    <p className="step-head">
      <strong>
        <Visible text={effect} />
      </strong>
      <OnTargets targets={targets} />
      {number === undefined ? null : <span className="quiet">· step {number}</span>}
    </p>
  );
}

const MOST_NAMED = 12;

export function OnTargets({
  targets,
  all = 0,
}: {
  readonly targets: readonly string[];
  /** How many targets there are, where they stand by name elsewhere on the page. */
  readonly all?: number;
}): ReactNode {
  if (targets.length > 1 && targets.length === all)
    return <span className="quiet">on all {all.toLocaleString('en')} targets</span>;
  const more = targets.length - MOST_NAMED;
  return (
    <>
      <span className="quiet">
        on <bdi>{targets.slice(0, MOST_NAMED).join(', ')}</bdi>
        {more > 0 ? ` and ${more.toLocaleString('en')} more` : ''}
      </span>
      {targets.length > 1 ? (
        <Badge mark={false} tone="info">
          the same on {targets.length.toLocaleString('en')} targets
        </Badge>
      ) : null}
    </>
  );
}

function Hashes({
  says,
  files,
}: {
  readonly says: string;
  readonly files: readonly (readonly [string, string])[];
}): ReactNode {
  return (
    <div className="stack-small">
      <p className="small">{says}:</p>
      <ul className="hashes">
        {files.map(([path, hash]) => (
          <li key={path}>
            <code>
              <Visible text={path} />
            </code>
            <code className="quiet">{/^[0-9a-f]{64}$/.test(hash) ? `sha256:${hash}` : hash}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}
