import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';

export type ButtonProps = Omit<AriaButtonProps, 'className' | 'style'> & {
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly size?: 'normal' | 'large';
};

export function Button({ look = 'plain', size = 'normal', ...props }: ButtonProps): ReactNode {
  return <AriaButton {...props} className={`button button-${look} button-${size}`} />;
}

export function LinkButton({
  look = 'plain',
  children,
  ...props
}: LinkProps & {
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly children: ReactNode;
}): ReactNode {
  return (
    <Link {...props} className={`button button-${look} button-normal`}>
      {children}
    </Link>
  );
}
