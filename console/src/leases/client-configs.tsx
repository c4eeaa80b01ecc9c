/** How an assistant's client is told where to go, for each client that is common. */
import { type ReactNode, useState } from 'react';
import { Choice } from '../kit/index.ts';
import { Copyable } from './copyable.tsx';
import type { ClientConfig } from './lease.ts';

export function ClientConfigs({
  configs,
  label,
}: {
  readonly configs: readonly ClientConfig[];
  readonly label: string;
}): ReactNode {
  const [chosen, setChosen] = useState(configs[0]?.id ?? '');
  const config = configs.find(({ id }) => id === chosen);
  return (
    <div className="stack">
      <Choice
        label={label}
        value={chosen}
        onChange={setChosen}
        options={configs.map(({ id, name }) => [id, name])}
      />
      {config === undefined ? null : (
        <>
          <p className="quiet small">{config.where}</p>
          <Copyable text={config.text} label={`${config.name}: ${config.where}`} />
        </>
      )}
    </div>
  );
}
