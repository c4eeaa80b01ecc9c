/** The API, as it describes itself to whoever looks: every operation they may ask for, and a place to try looking. */
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { askWhole, asProblem, type JsonObject, type Problem } from '../api/index.ts';
import {
  Badge,
  Button,
  Code,
  Empty,
  ErrorPanel,
  Field,
  Foreign,
  Page,
  Panel,
  Skeleton,
  type Tone,
} from '../kit/index.ts';
import { type ApiOperation, exampleOf, propertiesOf, type Schema } from '../openapi/openapi.ts';
import { useOperations } from '../openapi/use-openapi.ts';
import { useView } from '../use-view.ts';
import '../openapi/openapi.css';

const EFFECTS: Readonly<Record<string, readonly [Tone, string]>> = {
  look: ['good', 'Looks'],
  record: ['info', 'Records'],
  change: ['warn', 'Changes'],
  administer: ['plain', 'The service'],
};

export function ApiPage(): ReactNode {
  const [view, setView] = useView({ find: '', operation: '' });
  const { data, error, isPending, refetch } = useOperations();
  const shown = useMemo(() => {
    const words = view.find.toLowerCase().split(/\s+/).filter(Boolean);
    return (data ?? []).filter(({ name, title, summary, capability }) => {
      const text = `${name} ${title} ${summary} ${capability}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [data, view.find]);
  const current = data?.find(({ name }) => name === view.operation) ?? shown[0];
  return (
    <Page
      title="API"
      lead="Everything you may ask for. Each operation is a POST of JSON; nothing here signs, and every call is recorded."
    >
      {error === null ? null : <ErrorPanel error={error} retry={() => void refetch()} />}
      {isPending ? (
        <Panel>
          <Skeleton rows={12} />
        </Panel>
      ) : (
        <div className="with-list">
          <nav className="api-list" aria-label="Operations">
            <div data-filter>
              <Field
                label="Find"
                value={view.find}
                onChange={(find) => setView({ find })}
                placeholder="Word or capability"
              />
            </div>
            {Object.entries(EFFECTS).map(([effect, [, says]]) => {
              const those = shown.filter((each) => each.effect === effect);
              return those.length === 0 ? null : (
                <section key={effect}>
                  <h2>{says}</h2>
                  {those.map(({ name }) => (
                    <Link
                      key={name}
                      to="."
                      search={
                        {
                          ...(view.find === '' ? {} : { find: view.find }),
                          operation: name,
                        } as never
                      }
                      data-current={name === current?.name || undefined}
                      aria-current={name === current?.name || undefined}
                    >
                      {name}
                    </Link>
                  ))}
                </section>
              );
            })}
          </nav>
          {current === undefined ? (
            <Empty title="None fits" icon="search">
              Only what your roles let you ask for is listed here.
            </Empty>
          ) : (
            <OperationView key={current.name} operation={current} />
          )}
        </div>
      )}
    </Page>
  );
}

function OperationView({ operation }: { readonly operation: ApiOperation }): ReactNode {
  const { name, title, summary, effect, capability, assistants, input, output } = operation;
  const [tone, says] = EFFECTS[effect] ?? ['plain', effect];
  return (
    <div className="stack">
      <Panel
        title={title}
        aside={
          <span className="row">
            <Badge tone={tone}>{says}</Badge>
            {assistants ? <Badge mark={false}>also for assistants</Badge> : null}
          </span>
        }
      >
        <div className="stack">
          <p>{summary}</p>
          <p>
            <code>POST /api/v1/operations/{name}</code>{' '}
            <span className="quiet">needs {capability}</span>
          </p>
        </div>
      </Panel>
      <Panel title="Input">
        <Properties schema={input} none="It takes no input: send {}." />
      </Panel>
      {effect === 'look' ? (
        <TryIt operation={operation} />
      ) : (
        <p className="quiet small">
          Only what looks can be tried here; the rest has pages of its own, where it says what it
          does.
        </p>
      )}
      <Panel title="Answer">
        <Properties schema={output} none="Any JSON object." />
      </Panel>
      <Panel title="From a program">
        <Code
          label="With curl"
          text={`curl -sS ${location.origin}/api/v1/operations/${name} \\\n  -H "Authorization: Bearer $HOLDFAST_LEASE" \\\n  -H 'Content-Type: application/json' \\\n  -d '${JSON.stringify(exampleOf(input))}'`}
        />
      </Panel>
    </div>
  );
}

const DEEPEST = 4;

function Properties({
  schema,
  none,
  depth = 0,
}: {
  readonly schema: Schema;
  readonly none?: string;
  readonly depth?: number;
}): ReactNode {
  const properties = propertiesOf(schema);
  if (properties.length === 0) return none === undefined ? null : <p className="quiet">{none}</p>;
  return (
    <ul>
      {properties.map(({ name, type, isRequired, says, options, schema: property }) => (
        <li key={name} className="api-property">
          <div className="row">
            <code>{name}</code>
            <span className="quiet small">
              {type}
              {options.length === 0 ? '' : `: ${options.join(', ')}`}
            </span>
            {isRequired ? null : <span className="quiet small">optional</span>}
          </div>
          {says === '' ? null : <p className="small">{says}</p>}
          {depth >= DEEPEST ? null : (
            <div className="api-nested">
              <Properties schema={innerOf(property)} depth={depth + 1} />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The object within a list of objects, or itself. */
function innerOf(schema: Schema): Schema {
  const { items } = schema;
  return typeof items === 'object' && items !== null && !Array.isArray(items)
    ? (items as Schema)
    : schema;
}

function TryIt({ operation: { name, input } }: { readonly operation: ApiOperation }): ReactNode {
  const [text, setText] = useState('');
  const [answer, setAnswer] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const [isAsking, setAsking] = useState(false);
  useEffect(() => setText(JSON.stringify(exampleOf(input), null, 2)), [input]);
  const parsed = parse(text);
  const run = async (): Promise<void> => {
    if (parsed === undefined) return;
    setAsking(true);
    setProblem(undefined);
    try {
      setAnswer(JSON.stringify(await askWhole(name, parsed), null, 2));
    } catch (thrown) {
      setAnswer(undefined);
      setProblem(asProblem(thrown));
    } finally {
      setAsking(false);
    }
  };
  return (
    <Panel
      title="Try it"
      actions={
        <Button
          look="primary"
          isPending={isAsking}
          isDisabled={parsed === undefined}
          onPress={() => void run()}
        >
          Ask
        </Button>
      }
    >
      <div className="stack">
        <Field
          label="Input, as JSON"
          value={text}
          onChange={setText}
          lines={6}
          mono
          error={parsed === undefined ? 'this is no JSON object' : undefined}
        />
        {problem === undefined ? null : <ErrorPanel error={problem} />}
        <div aria-live="polite">
          {answer === undefined ? null : (
            <Foreign
              text={answer.length > 200_000 ? `${answer.slice(0, 200_000)}…` : answer}
              from="the service; values may be a host’s"
              block
            />
          )}
        </div>
      </div>
    </Panel>
  );
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}
