/**
 * The two clocks as two sliders over one window, with a bar wherever something changed. The upper one is what was true,
 * the lower one what was known. Both are the browser's own sliders, so that keys and screen readers work as people know.
 */
import { memo, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useAsk } from '../api/index.ts';
import { Button, Select, Time, useNow } from '../kit/index.ts';
import type { ChangesAnswer } from './answers.ts';
import {
  type Chosen,
  heights,
  momentAt,
  nextChange,
  PARTS,
  placeOf,
  question,
  SPANS,
  type Window,
  windowOf,
} from './moment.ts';
import type { MomentView } from './use-moment.ts';

export function TimeSlider({
  moment,
  target,
  scope,
  canCompare = false,
  onStep,
}: {
  readonly moment: MomentView;
  readonly target?: string;
  readonly scope?: string;
  readonly canCompare?: boolean;
  /** Told at once of a step, before the address follows, and of the one behind it in the same direction. */
  readonly onStep?: (to: Chosen, then: Chosen) => void;
}): ReactNode {
  const { chosen, span, versus, isPast, set } = moment;
  const now = useNow(30_000);
  const window = windowOf(span, now, chosen.asOf, chosen.knownAt, versus);
  const input = {
    from: new Date(window.fromMs).toISOString(),
    until: new Date(window.untilMs).toISOString(),
    parts: PARTS,
    ...(target === undefined ? {} : { target }),
    ...(scope === undefined || scope === '' ? {} : { scope }),
    ...question({ asOf: '', knownAt: chosen.knownAt }),
  };
  const { data } = useAsk<ChangesAnswer>('fleet_changes', input, ['facts'], { keep: true });
  // On a phone the present needs no sliders: they would stand before everything else.
  const [isOpen, setOpen] = useState(false);
  const isFolded = !isOpen && !isPast && versus === '';
  return (
    <section className="time-panel" aria-label="Time" data-folded={isFolded || undefined}>
      <div className="time-head">
        <p className="time-now" role="status">
          {isPast ? (
            <>
              <strong>The past:</strong> {chosen.asOf === '' ? 'now' : <Moment at={chosen.asOf} />}
              {chosen.knownAt === '' ? null : (
                <>
                  , as known at <Moment at={chosen.knownAt} />
                </>
              )}
            </>
          ) : (
            <>
              <strong>Now</strong>, as far as is known
            </>
          )}
        </p>
        <div className="time-unfold">
          <Button look="quiet" onPress={() => setOpen(true)}>
            Look back…
          </Button>
        </div>
        <div className="time-actions">
          <Select
            label="Window"
            hideLabel
            value={span}
            onChange={(next) => set({ span: next })}
            options={SPANS.map(([id, says]) => [id, says])}
          />
          {canCompare ? (
            <Button
              onPress={() =>
                set({ versus: versus === '' ? momentAt(PARTS - 24, window, now) : '' })
              }
            >
              {versus === '' ? 'Compare' : 'Stop comparing'}
            </Button>
          ) : null}
          <Button isDisabled={!isPast} onPress={() => set({ asOf: '', knownAt: '' })}>
            Now
          </Button>
        </div>
      </div>
      <Track
        label="What was true"
        value={chosen.asOf}
        latest="now"
        counts={data?.valid}
        window={window}
        now={now}
        onChange={(asOf) => set({ asOf })}
        onStep={(to, then) => onStep?.({ ...chosen, asOf: to }, { ...chosen, asOf: then })}
      />
      <Track
        label="What was known"
        value={chosen.knownAt}
        latest="all that is known"
        counts={data?.recorded}
        window={window}
        now={now}
        onChange={(knownAt) => set({ knownAt })}
        onStep={(to, then) => onStep?.({ ...chosen, knownAt: to }, { ...chosen, knownAt: then })}
      />
      {versus === '' ? null : (
        <Track
          label="Compared with"
          value={versus === 'now' ? '' : versus}
          latest="now"
          counts={data?.valid}
          window={window}
          now={now}
          onChange={(next) => set({ versus: next === '' ? 'now' : next })}
        />
      )}
      <div className="time-ends small quiet" aria-hidden="true">
        <Time at={input.from} form="utc" />
        <Time at={input.until} form="utc" />
      </div>
    </section>
  );
}

function Moment({ at }: { readonly at: string }): ReactNode {
  return <Time at={at} form="utc" />;
}

/** Of a drag every step is shown, and only the newest of them stands in the address. */
function Track({
  label,
  value,
  latest,
  counts,
  window,
  now,
  onChange,
  onStep,
}: {
  readonly label: string;
  readonly value: string;
  /** What the right end means. */
  readonly latest: string;
  readonly counts: readonly number[] | undefined;
  readonly window: Window;
  readonly now: number;
  readonly onChange: (moment: string) => void;
  readonly onStep?: (to: string, then: string) => void;
}): ReactNode {
  const id = useId();
  const chosen = placeOf(value, window);
  const [place, setPlace] = useState(chosen);
  const frame = useRef(0);
  useEffect(() => setPlace(chosen), [chosen]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  const go = (next: number): void => {
    setPlace(next);
    const then = Math.max(0, Math.min(PARTS, next + Math.sign(next - place)));
    onStep?.(momentAt(next, window, now), momentAt(then, window, now));
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => onChange(momentAt(next, window, now)));
  };
  const shown = momentAt(place, window, now);
  const says = shown === '' ? latest : `${shown.slice(0, 16).replace('T', ' ')} UTC`;
  const before = counts === undefined ? undefined : nextChange(counts, place, -1);
  const after = counts === undefined ? undefined : nextChange(counts, place, 1);
  return (
    <div className="track">
      <label htmlFor={id} className="track-label">
        {label}
      </label>
      <Button
        look="quiet"
        aria-label={`${label}: the change before`}
        isDisabled={before === undefined}
        onPress={() => before !== undefined && go(before)}
      >
        ◂
      </Button>
      <div className="track-body">
        <Bars counts={counts} place={place} />
        <input
          id={id}
          type="range"
          className="track-range"
          min={0}
          max={PARTS}
          step={1}
          value={place}
          aria-valuetext={says}
          onChange={(event) => go(Number(event.target.value))}
        />
      </div>
      <Button
        look="quiet"
        aria-label={`${label}: the change after`}
        isDisabled={after === undefined}
        onPress={() => after !== undefined && go(after)}
      >
        ▸
      </Button>
      <output className="track-says number" htmlFor={id}>
        {says}
      </output>
    </div>
  );
}

const Bars = memo(function Bars({
  counts,
  place,
}: {
  readonly counts: readonly number[] | undefined;
  readonly place: number;
}): ReactNode {
  return (
    <svg
      className="track-bars"
      viewBox={`0 0 ${PARTS} 1`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {heights(counts ?? []).map((height, part) =>
        height === 0 ? null : (
          <rect
            key={part}
            className={part < place ? 'bar-past' : 'bar-later'}
            x={part + 0.1}
            y={1 - height}
            width={0.8}
            height={height}
          />
        ),
      )}
    </svg>
  );
});
