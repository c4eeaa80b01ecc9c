/** One place to go anywhere: views, targets, changes. Only what the caller may see is ever offered. */
import { useRouter } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import {
  Autocomplete,
  Dialog,
  Input,
  Menu,
  MenuItem,
  Modal,
  ModalOverlay,
  SearchField,
  useFilter,
} from 'react-aria-components';
import { useAsk } from '../api/index.ts';
import { Icon, type IconName } from '../kit/index.ts';
import { NAVIGATION } from '../views.ts';

type Place = {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly icon: IconName;
  readonly href: string;
};

const MOST = 60;

export function CommandPalette({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}): ReactNode {
  return (
    <ModalOverlay className="overlay" isOpen={isOpen} onOpenChange={onClose} isDismissable>
      <Modal className="modal palette">
        <Dialog className="dialog" aria-label="Go to">
          <Places onGo={onClose} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Places({ onGo }: { readonly onGo: () => void }): ReactNode {
  const router = useRouter();
  const { contains } = useFilter({ sensitivity: 'base' });
  const [typed, setTyped] = useState('');
  const places = usePlaces()
    .filter((place) => contains(`${place.name} ${place.kind}`, typed))
    .slice(0, MOST);
  return (
    <Autocomplete inputValue={typed} onInputChange={setTyped} filter={() => true}>
      <SearchField aria-label="Go to a view, target or change" autoFocus>
        <Input className="input" placeholder="Go to a view, target or change" />
      </SearchField>
      <Menu
        className="menu"
        items={places}
        aria-label="Places"
        renderEmptyState={() => <p className="empty-text quiet">Nothing has that name.</p>}
        onAction={(key) => {
          const place = places.find(({ id }) => id === key);
          onGo();
          if (place !== undefined) router.history.push(place.href);
        }}
      >
        {(place) => (
          <MenuItem id={place.id} className="menu-item" textValue={place.name}>
            <Icon name={place.icon} />
            <bdi>{place.name}</bdi>
            <span className="quiet">{place.kind}</span>
          </MenuItem>
        )}
      </Menu>
    </Autocomplete>
  );
}

function usePlaces(): readonly Place[] {
  const targets = useAsk<{
    readonly targets: readonly { readonly id: string }[];
  }>('target_list', {}, ['targets']);
  const changes = useAsk<{
    readonly changes: readonly {
      readonly changeId: string;
      readonly action: string;
      readonly state: string;
    }[];
  }>('changes_list', {}, ['changes']);
  return [
    ...NAVIGATION.map(
      ({ to, name, icon }): Place => ({ id: to, name, kind: 'view', icon, href: to }),
    ),
    ...(changes.data?.changes ?? []).map(
      ({ changeId, action, state }): Place => ({
        id: changeId,
        name: `${action} ${changeId}`,
        kind: `change, ${state}`,
        icon: 'changes',
        href: `/changes/${encodeURIComponent(changeId)}`,
      }),
    ),
    ...(targets.data?.targets ?? []).map(
      ({ id }): Place => ({
        id: `target ${id}`,
        name: id,
        kind: 'target',
        icon: 'fleet',
        href: `/targets/${encodeURIComponent(id)}`,
      }),
    ),
  ];
}
