import { systemClock } from '@hotstandby/adapters/system';
import { subjects } from '@hotstandby/contracts';
import type { NameServers } from '@hotstandby/ports';
import { HostnameBinding } from '@hotstandby/services/hostname-binding';
import { LocalBus } from '@hotstandby/testing/local-bus';

const addressesOf = { a: ['192.0.2.11', '2001:db8::11'], b: ['192.0.2.12'] };
const quiet = { add() {}, set() {}, observe() {} };

export const cluster = 'dns-test';

/** The hostname binding of one node over real name servers, with grants of the test's. */
export async function startHostnameNode(who: 'a' | 'b', name: string, names: NameServers) {
  const place = { cluster, node: who };
  const bus = new LocalBus();
  const said: string[] = [];
  const events: string[] = [];
  const say = (message: string, fields?: unknown) => void said.push(`${message} ${JSON.stringify(fields)}`);
  const addresses = addressesOf[who];
  let rehearsals = 0;
  const rehearse = names.rehearse.bind(names);
  names.rehearse = () => rehearse().finally(() => rehearsals++);
  const service = new HostnameBinding({
    names,
    bus,
    clock: systemClock,
    place,
    log: { debug: say, info: say, warn: say, error: say },
    metrics: { counter: () => quiet, gauge: () => quiet, histogram: () => quiet },
    emit: async (type) => void events.push(type),
    name,
    ttlSeconds: 30,
    addresses,
    fenceLeadMs: 15,
  });
  await service.start();
  return {
    said,
    events,
    addresses,
    rehearsals: () => rehearsals,
    report: () => service.report(),
    code: () => service.report().detail['code'],
    bound: () => service.report().detail['bound'],
    grant: (granted: number | null) =>
      bus.publish(subjects.grant(place), {
        role: granted === null ? 'fenced' : 'active',
        nodeId: `id-${who}`,
        incarnation: 'i',
        epoch: granted,
        deadlineMs: systemClock.monotonicMs() + 60_000,
        tenure: granted === null ? null : { epoch: granted, startedAtWallMs: 0 },
      }),
    stop: () => service.stop(),
  };
}
