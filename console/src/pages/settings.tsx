/** Settings: what is one's own, who may sign and by which rules, stops, and the service itself. */
import type { ReactNode } from 'react';
import { Page, Tabs } from '../kit/index.ts';
import { PeoplePart } from '../settings/people.tsx';
import { ServicePart } from '../settings/service.tsx';
import { StopsPart } from '../settings/stops.tsx';
import { YouPart } from '../settings/you.tsx';
import { useView } from '../use-view.ts';
import '../settings/settings.css';

export function SettingsPage(): ReactNode {
  const [view, setView] = useView({ part: 'you' });
  return (
    <Page
      title="Settings"
      lead="Keys, people, rules, and the service. What decides anything is signed."
    >
      <Tabs
        label="Parts of the settings"
        value={view.part}
        onChange={(part) => setView({ part }, { push: true })}
        tabs={[
          { id: 'you', name: 'You', body: <YouPart /> },
          { id: 'people', name: 'People and rules', body: <PeoplePart /> },
          { id: 'stops', name: 'Stops', body: <StopsPart /> },
          { id: 'service', name: 'Service', body: <ServicePart /> },
        ]}
      />
    </Page>
  );
}
