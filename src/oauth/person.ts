/** The operator behind an account that somebody else vouched for. */
import type { Vouched } from './protocol.ts';

/** `undefined`: nobody lists one of the accounts, or two do, and then nobody knows who it is. */
export function operatorBehind(
  operators: readonly { readonly id: string; readonly accounts: readonly string[] }[],
  { accounts }: Vouched,
): string | undefined {
  const found = operators.filter((operator) =>
    operator.accounts.some((account) => accounts.includes(account)),
  );
  return found.length === 1 ? found[0]?.id : undefined;
}
