import type { ReactNode } from 'react';
import {
  Menu as AriaMenu,
  Button,
  MenuItem,
  type MenuItemProps,
  MenuTrigger,
  Popover,
} from 'react-aria-components';

export function Menu({
  label,
  trigger,
  children,
}: {
  readonly label: string;
  readonly trigger: ReactNode;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <MenuTrigger>
      <Button className="button button-quiet button-normal" aria-label={label}>
        {trigger}
      </Button>
      <Popover className="popover" placement="bottom end">
        <AriaMenu className="menu">{children}</AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export function MenuAction(props: Omit<MenuItemProps, 'className' | 'style'>): ReactNode {
  return <MenuItem {...props} className="menu-item" />;
}
