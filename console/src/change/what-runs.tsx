/** What will run, step by step: each argument in its own box, equal steps of several targets told once. */
import { type ReactNode, useMemo } from 'react';
import { Visible } from '../kit/foreign.tsx';
import { Argv, Badge, Code, Panel } from '../kit/index.ts';
import type { PlanStep } from '../sign/index.ts';
import type { ShownStep } from './shapes.ts';

type Same<Step> = { readonly step: Step; readonly targets: readonly string[] };

/** In the order of the plan; steps that differ only in their target stand together. */
export function sameSteps<Step extends { readonly target: string }>(
  steps: readonly Step[],
): readonly Same<Step>[] {
  const found = new Map<string, { step: Step; targets: string[] }>();
  for (const step of steps) {
    const key = JSON.stringify({ ...step, target: '' });
    const same = found.get(key);
    if (same === undefined) found.set(key, { step, targets: [step.target] });
    else same.targets.push(step.target);
  }
  return [...found.values()];
}

export function WhatRuns({
  title,
  steps,
  children,
}: {
  readonly title: string;
  readonly steps: readonly PlanStep[];
  readonly children?: ReactNode;
}): ReactNode {
  const groups = useMemo(() => sameSteps(steps), [steps]);
  return (
    <Panel title={title} aside={`${steps.length} ${steps.length === 1 ? 'step' : 'steps'}`}>
      <ol className="steps">
        {groups.map(({ step, targets }, at) => (
          <li key={at} className="step">
            <StepHead effect={step.effect} targets={targets} number={`${step.step}/${step.of}`} />
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
  const groups = useMemo(() => sameSteps(steps), [steps]);
  return (
    <Panel title={title} aside={`${steps.length} ${steps.length === 1 ? 'step' : 'steps'}`}>
      <ol className="steps">
        {groups.map(({ step, targets }, at) => (
          <li key={at} className="step">
            <StepHead effect={step.effect} targets={targets} />
            <Argv argv={step.argv} />
          </li>
        ))}
      </ol>
    </Panel>
  );
}

const MOST_NAMED = 12;

function StepHead({
  effect,
  targets,
  number,
}: {
  readonly effect: string;
  readonly targets: readonly string[];
  readonly number?: string;
}): ReactNode {
  const named = targets.slice(0, MOST_NAMED).join(', ');
  const more = targets.length - MOST_NAMED;
  return (
    <p className="step-head">
      <strong>
        <Visible text={effect} />
      </strong>
      <span className="quiet">
        on <bdi>{named}</bdi>
        {more > 0 ? ` and ${more} more` : ''}
        {number === undefined || number.endsWith('/1') ? '' : ` · step ${number}`}
      </span>
      {targets.length > 1 ? (
        <Badge mark={false} tone="info">
          the same on {targets.length} targets
        </Badge>
      ) : null}
    </p>
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
