import { serviceNames } from '@hotstandby/contracts';
import type { PartName } from './pair.ts';

/** Which node, by its role when the episode begins. */
export type Which = 'active' | 'standby';
export type End = Which | 'store' | 'client';
export const partNames: readonly PartName[] = ['nats-server', ...serviceNames];

/** What can be done to a pair, as data: a schedule is made of these, and `inflict` does them. */
export type Fault =
  /** SIGKILL; it is started again by itself. */
  | { do: 'kill'; which: Which; part: PartName }
  /** SIGTERM; the same. */
  | { do: 'restart'; which: Which; part: PartName }
  /** SIGKILL to all of a node at once; started again after that time. Its kernel lives on, with the virtual IP. */
  | { do: 'kill-node'; which: Which; forMs: number }
  /** The cable first, then all of the node: as when the power goes. Comes back without the virtual IP. */
  | { do: 'power-loss'; which: Which; forMs: number }
  /** Both nodes die and are started at the same moment. */
  | { do: 'start-both'; forMs: number }
  | { do: 'freeze'; which: Which; part: PartName; forMs: number }
  | { do: 'freeze-node'; which: Which; forMs: number }
  /** Between two machines, both ways or only what `from` sends. */
  | { do: 'cut'; from: End; to: End; oneWay: boolean; forMs: number }
  /** From everybody; the carrier stays. */
  | { do: 'isolate'; which: Which; forMs: number }
  | { do: 'pull-cable'; which: Which; forMs: number }
  | { do: 'stall-store'; forMs: number }
  | { do: 'kill-store' }
  | { do: 'restart-store' }
  /** The wall clock of a node jumps, and jumps back when everything is mended. */
  | { do: 'step-clock'; which: Which; seconds: number }
  /** The wall clock of a node runs at another rate, from each process's start on. */
  | { do: 'drift-clock'; which: Which; rate: number }
  /** Somebody else's `nft flush ruleset` on a node: what holds the grant in its kernel is gone. */
  | { do: 'flush-firewall'; which: Which }
  | { do: 'hog-processors'; processes: number; forMs: number }
  | { do: 'switchover' };

/** In words, for timelines and reports. */
export function faultText(fault: Fault): string {
  const seconds = 'forMs' in fault ? ` for ${fault.forMs / 1000} s` : '';
  switch (fault.do) {
    case 'kill':
      return `SIGKILL to ${fault.part} of the ${fault.which}`;
    case 'restart':
      return `restart of ${fault.part} of the ${fault.which}`;
    case 'kill-node':
      return `SIGKILL to all of the ${fault.which}, dead${seconds}`;
    case 'power-loss':
      return `power loss of the ${fault.which}, away${seconds}`;
    case 'start-both':
      return `SIGKILL to both nodes, dead${seconds}, started at the same moment`;
    case 'freeze':
      return `${fault.part} of the ${fault.which} frozen${seconds}`;
    case 'freeze-node':
      return `all of the ${fault.which} frozen${seconds}`;
    case 'cut':
      return fault.oneWay
        ? `nothing of ${fault.from} reaches ${fault.to}${seconds}`
        : `${fault.from} and ${fault.to} cut from each other${seconds}`;
    case 'isolate':
      return `the ${fault.which} cut from everybody${seconds}`;
    case 'pull-cable':
      return `cable of the ${fault.which} pulled${seconds}`;
    case 'stall-store':
      return `PostgreSQL frozen${seconds}`;
    case 'kill-store':
      return 'SIGKILL to PostgreSQL';
    case 'restart-store':
      return 'restart of PostgreSQL';
    case 'step-clock':
      return `wall clock of the ${fault.which} stepped by ${fault.seconds} s`;
    case 'drift-clock':
      return `wall clock of the ${fault.which} at ${fault.rate} times its rate`;
    case 'flush-firewall':
      return `firewall of the ${fault.which} flushed`;
    case 'hog-processors':
      return `${fault.processes} processor hogs${seconds}`;
    case 'switchover':
      return 'switchover requested';
  }
}

/** The services without which an active hands over, and after how long (`policy.healthHandOverAfterSeconds`). */
const criticalParts: readonly PartName[] = ['collector', 'network-binding'];
const healthHandOverMs = 10_000;

const leaseParts: readonly PartName[] = ['nats-server', 'heartbeat', 'arbiter'];
const receivingParts: readonly PartName[] = ['nats-server', 'collector', 'network-binding'];

/**
 * Whether this alone may move the roles or end a reign: of the three voters, the active must lose itself or two others, or
 * be unable to do its job for so long that it hands over.
 */
export function mayMoveRoles(fault: Fault): boolean {
  switch (fault.do) {
    case 'kill':
    case 'restart':
      return fault.which === 'active' && leaseParts.includes(fault.part);
    case 'freeze': {
      const handsOver = criticalParts.includes(fault.part) && fault.forMs >= healthHandOverMs;
      return fault.which === 'active' && (leaseParts.includes(fault.part) || handsOver);
    }
    case 'kill-node':
    case 'power-loss':
    case 'freeze-node':
    case 'isolate':
    case 'pull-cable':
      return fault.which === 'active';
    case 'start-both':
    case 'switchover':
      return true;
    default:
      return false;
  }
}

/** Whether telemetry that the client sends meanwhile may be lost although no role moves. */
export function mayLoseTelemetry(fault: Fault): boolean {
  switch (fault.do) {
    case 'kill':
    case 'restart':
    case 'freeze':
      return fault.which === 'active' && receivingParts.includes(fault.part);
    case 'flush-firewall':
      return fault.which === 'active';
    case 'cut':
      return [fault.from, fault.to].includes('client') && [fault.from, fault.to].includes('active');
    default:
      return mayMoveRoles(fault);
  }
}
