import type { NodeConfig } from '@hotstandby/config';
import { parseIp, sameIp } from '@hotstandby/core/binding-plan';
import { hostnamePlan, type HostnameView } from '@hotstandby/core/hostname-plan';
import type { HostNames, NameServers } from '@hotstandby/ports';
import { amiss, good, lacking, thrown, type CheckLine } from './check-line.ts';
import type { HostnameSettings } from './look.ts';
import { hostnameWish } from './plan.ts';

/** TSIG's fudge as every server has it (RFC 8945 section 10). */
const fudgeMs = 300_000;
const worthSayingMs = 60_000;

/** What a node needs for its virtual hostname. Nothing in the DNS is changed. */
export async function checkHostname(
  config: NodeConfig,
  binding: HostnameSettings,
  { names, resolver }: { names: NameServers; resolver: HostNames },
): Promise<CheckLine[]> {
  const unable = await names.unable();
  const lines = [unable ? lacking('key', 'fail', unable) : good('key', 'program and key are there')];
  const views = await Promise.all(names.servers.map((server) => lookAt(names, server)));
  lines.push(...views.map(({ line }) => line));
  const primary = views[0]?.view ?? null;
  if (primary)
    lines.push(
      owner(config, binding, primary),
      ...behind(
        names.servers,
        views.map(({ view }) => view),
      ),
    );
  if (!unable) {
    const tried = await update(names);
    // What keeps every signed answer away is said once.
    const said = await clock(names);
    lines.push(tried, ...said.filter(({ code }) => code === null || code === 'HS_DNS_CLOCK' || code !== tried.code));
  }
  const own = [...(binding.addresses ?? [config.node.address]), config.peer.address];
  // At once: a resolver without an answer takes its time for each.
  const resolved = [forward(binding.name, primary, resolver), ...own.map((address) => backward(address, resolver))];
  return [...lines, ...(await Promise.all(resolved))];
}

async function lookAt(names: NameServers, server: string): Promise<{ line: CheckLine; view: HostnameView | null }> {
  const check = `server ${server}`;
  try {
    const view = await names.look(server);
    return {
      line: good(check, `it answers: ${view.addresses.map(({ address }) => address).join(', ') || 'no address yet'}`),
      view,
    };
  } catch (error) {
    return { line: thrown(check, 'fail', error, 'HS_DNS_FAILED'), view: null };
  }
}

function owner(config: NodeConfig, binding: HostnameSettings, view: HostnameView): CheckLine {
  const { refused } = hostnamePlan(hostnameWish(config, binding, view), view);
  if (refused) return amiss('owner', 'fail', refused.code, refused.message);
  const [marker] = view.markers;
  return good('owner', marker === undefined ? 'nobody has the name yet' : `it is this pair's: "${marker}"`);
}

function behind(servers: readonly string[], views: (HostnameView | null)[]): CheckLine[] {
  const [first] = views;
  return views.flatMap((view, index) => {
    if (!first || !view || index === 0) return [];
    const isSame = first.markers.join() === view.markers.join();
    const check = `agrees ${servers[index] ?? ''}`;
    return isSame
      ? [good(check, 'it shows what the primary shows')]
      : [amiss(check, 'warn', 'HS_DNS_BEHIND', 'it shows other records than the primary')];
  });
}

async function update(names: NameServers): Promise<CheckLine> {
  try {
    await names.rehearse();
    return good('update', 'the server takes updates of this key; tried with one that cannot happen');
  } catch (error) {
    return thrown('update', 'fail', error, 'HS_DNS_FAILED');
  }
}

async function clock(names: NameServers): Promise<CheckLine[]> {
  if (!names.clockAheadMs) return [];
  try {
    const aheadMs = await names.clockAheadMs();
    if (aheadMs === null) return [amiss('clock', 'warn', 'HS_DNS_CLOCK', "the server's answer bears no time")];
    const seconds = Math.round(Math.abs(aheadMs) / 1000);
    const words =
      seconds < 2
        ? 'the same here and at the server'
        : `the server is ${seconds} s ${aheadMs > 0 ? 'ahead' : 'behind'}`;
    if (Math.abs(aheadMs) < worthSayingMs) return [good('clock', `${words}; 300 s are allowed`)];
    const result = Math.abs(aheadMs) < fudgeMs ? 'warn' : 'fail';
    return [amiss('clock', result, 'HS_DNS_CLOCK', `${words}; 300 s are allowed`)];
  } catch (error) {
    return [thrown('clock', 'fail', error, 'HS_DNS_FAILED')];
  }
}

async function forward(name: string, primary: HostnameView | null, resolver: HostNames): Promise<CheckLine> {
  const check = `resolves ${name}`;
  try {
    const found = await resolver.addressesOf(name);
    const said = `this host's resolver says ${found.join(', ') || 'there is no such name'}`;
    if (!primary) return amiss(check, 'warn', 'HS_DNS_NAMES', `${said}, and the primary cannot be compared with it`);
    const expected = primary.addresses.map(({ address }) => address);
    const isSame =
      found.length === expected.length && found.every((one) => expected.some((other) => isSameAddress(one, other)));
    if (isSame)
      return good(check, `this host's resolver says what the primary says: ${found.join(', ') || 'nothing yet'}`);
    return amiss(check, 'warn', 'HS_DNS_NAMES', `${said}, the primary ${expected.join(', ') || 'nothing'}`);
  } catch (error) {
    return thrown(check, 'warn', error, 'HS_DNS_NAMES');
  }
}

async function backward(address: string, resolver: HostNames): Promise<CheckLine> {
  const check = `resolves ${address}`;
  try {
    const names = await resolver.namesOf(address);
    for (const name of names) {
      const back = await resolver.addressesOf(name);
      if (back.some((one) => isSameAddress(one, address)))
        return good(check, `it is ${name}, and ${name} leads back to it`);
    }
    const message =
      names.length > 0 ? `it is ${names.join(', ')}, which does not lead back to it` : 'it has no name (PTR)';
    return amiss(check, 'warn', 'HS_DNS_NAMES', message);
  } catch (error) {
    return thrown(check, 'warn', error, 'HS_DNS_NAMES');
  }
}

function isSameAddress(one: string, other: string): boolean {
  const [left, right] = [parseIp(one), parseIp(other)];
  return left !== null && right !== null && sameIp(left, right);
}
