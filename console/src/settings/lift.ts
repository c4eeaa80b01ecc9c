/** Holds the order that lifts a stop against the stop that is shown: the service may have handed over another one. */

const LIFT = /^holdfast-lift 1\norganisation [!-~]+\nstop ([!-~]+)\nissued \d+\nrun-by \d+\nend\n$/;

/** Whether this order lifts that stop, and says nothing else (docs/host-contract.md, "Documents"). */
export function liftsExactly(order: string, stopId: string): boolean {
  return LIFT.exec(order)?.[1] === stopId;
}
