import type { Findings, Place } from './findings.ts';
import { readProperties, type Property } from './properties.ts';
import { takeTiming, trueOrFalse, wholeNumber, type Given } from './timing.ts';
import { prefixLength, whyNotVirtual } from './virtual-address.ts';

/** What the old system takes when the file does not say. */
const defaults = {
  'publicIP.netmask': '255.255.255.0',
  'updatecounter.interval': 5,
  ratioOfPollIntervaltoUpdateCounter: 2,
  'updatecounter.failureRetryCount': 3,
} as const;

/** Keys without a counterpart, by how they begin. */
const without: readonly (readonly [begins: string, why: string])[] = [
  ['publicIP.retry', 'The address is watched all the time, and put back at once.'],
  ['http.poll.', 'Nobody polls a page: the active beats in the store, and its standby hears it directly.'],
  ['dbfailure.', 'Statements to the store have one time-out, timing.statementTimeoutMs, and are tried again for ever.'],
  ['repl.', 'Which files follow the active is said under fileSync.'],
  ['masterhealth.', 'Java classes: services report their health by themselves.'],
  ['takeover.', 'Java classes: register a listener instead (docs/architecture.md).'],
  ['fos.errorhandler', 'Java classes: faults are events and mails.'],
  ['replace.', 'A replaced node gets a configuration of its own.'],
  ['downgradeURI', 'Nobody is asked by HTTP to step down: a hand-over goes through the lease.'],
  ['tools.', 'Nothing of its tools is called.'],
  ['ipaddr', "The node's own address is node.address: give it there."],
];

/** The itom_fos.conf of OpManager, NetFlow Analyzer or Network Configuration Manager: virtual IP, netmask, counters. */
export function importItomFos(file: string, text: string, findings: Findings): void {
  const properties = new Map<string, Property>();
  for (const property of readProperties(text)) {
    if (properties.has(property.key)) {
      findings.leave(
        { file, line: properties.get(property.key)?.line ?? null, what: property.key },
        'Said again below.',
      );
    }
    properties.set(property.key, property);
  }
  const used = new Set<string>();
  const get = (key: string): { value: string; place: Place } | undefined => {
    used.add(key);
    const property = properties.get(key);
    return (
      property && {
        value: property.value,
        place: { file, line: property.line, what: `${key}=${property.value.slice(0, 60)}` },
      }
    );
  };
  takeBinding(file, get, findings);
  takeCounters(file, get, findings);
  const mode = get('mode');
  if (mode) {
    const neutral = mode.value.toUpperCase() === 'NEUTRAL';
    findings.leave(
      mode.place,
      neutral
        ? 'As here by default: a recovered node stays the standby.'
        : 'A preferred node: set policy.failback to automatic, and node.kind to primary on that node.',
    );
  }
  for (const { key, line, value } of properties.values()) {
    if (used.has(key)) continue;
    const known = without.find(([begins]) => key.startsWith(begins));
    findings.leave({ file, line, what: `${key}=${value.slice(0, 60)}` }, known?.[1] ?? 'Not a key that is known here.');
  }
}

type Get = (key: string) => { value: string; place: Place } | undefined;

function takeBinding(file: string, get: Get, findings: Findings): void {
  const switched = get('publicIP.enabled');
  const address = get('publicIP.ipaddr');
  const mask = get('publicIP.netmask');
  const ifname = get('publicIP.Ifname');
  if (switched && trueOrFalse(findings, switched.value, switched.place) === false) {
    findings.take(switched.place, [{ field: 'binding', value: { mode: 'none' } }], 'No address follows the active.');
    for (const unused of [address, mask, ifname])
      if (unused) findings.leave(unused.place, 'publicIP.enabled is false.');
    return;
  }
  if (!address && !mask && !switched) return;
  const prefix = prefixLength(mask?.value ?? defaults['publicIP.netmask']);
  if (prefix === null && mask) {
    findings.refuse(mask.place, 'a netmask like 255.255.255.0: ones, then zeroes', 'Correct publicIP.netmask.');
  }
  if (!address) {
    const place = mask?.place ?? switched?.place ?? { file, line: null, what: 'publicIP' };
    findings.refuse({ ...place, what: 'publicIP.ipaddr is not there' }, 'publicIP.ipaddr', 'Add the virtual IP.');
    return;
  }
  if (prefix === null) return;
  const wrong = whyNotVirtual(address.value, prefix);
  if (wrong) {
    findings.refuse(address.place, wrong, 'Correct publicIP.ipaddr, or the netmask.');
    return;
  }
  findings.take(
    address.place,
    [
      { field: 'binding.mode', value: 'vip' },
      { field: 'binding.addresses', value: [`${address.value}/${prefix}`] },
    ],
    'The active has this address, the standby has not.',
  );
  findings.take(
    mask?.place ?? { file, line: null, what: `publicIP.netmask is not there, so ${defaults['publicIP.netmask']}` },
    [{ field: 'binding.addresses', value: [`${address.value}/${prefix}`] }],
    `The same as prefix length ${prefix}.`,
  );
  if (ifname) takeInterface(ifname.value, ifname.place, findings);
}

function takeInterface(name: string, place: Place, findings: Findings): void {
  if (/^[A-Za-z][\w.@-]{0,14}$/.test(name)) {
    findings.take(place, [{ field: 'binding.interface', value: name }], 'The interface of the address.');
  } else {
    findings.leave(
      place,
      'Not a name of a Linux interface: the one that has an address in the same subnet is taken (auto).',
    );
  }
}

function takeCounters(file: string, get: Get, findings: Findings): void {
  const keys = [
    'updatecounter.interval',
    'ratioOfPollIntervaltoUpdateCounter',
    'updatecounter.failureRetryCount',
  ] as const;
  const found = keys.map((key) => [key, get(key)] as const);
  if (found.every(([, property]) => property === undefined)) return;
  const [beat, ratio, retries] = found.map(([key, property]): Given | undefined => {
    if (!property)
      return { value: defaults[key], place: { file, line: null, what: `${key} is not there, so ${defaults[key]}` } };
    const value = wholeNumber(findings, property.value, property.place);
    return value === undefined ? undefined : { value, place: property.place };
  });
  if (!beat || !ratio || !retries) return;
  const said = `${beat.value} s x ${ratio.value} x ${retries.value}`;
  takeTiming(findings, beat, { seconds: beat.value * ratio.value * retries.value, said, from: [retries, ratio] });
}
