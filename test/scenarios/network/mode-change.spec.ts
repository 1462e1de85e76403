// The virtual IP of a whole pair is given up for another mode and taken up again, node by node, each killed for it.
import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeNames, peerOf, type NodeName } from '../../../tools/pair/src/layout.ts';
import { eventually } from '../../parts/eventually.ts';
import { ClientView } from './client.ts';
import { NetworkPair } from './pair.ts';
import { ip, missing } from './programs.ts';
import { judgeRivalries, rivalriesOf } from './virtual-address.ts';

const why = missing();
const wholeWithinMs = 90_000;

describe.skipIf(why !== null)(`a mode that changes${why === null ? '' : ` (${why})`}`, () => {
  let pair: NetworkPair;
  let client: ClientView;
  const macs = new Map<string, NodeName>();
  const before = new Map<NodeName, object>();
  let wellDone = false;

  beforeAll(async () => {
    pair = await NetworkPair.start('standard');
    client = new ClientView(pair);
    for (const node of nodeNames) macs.set(await pair.lan.mac(node), node);
    await pair.settled(wholeWithinMs);
  }, 240_000);

  afterAll(async () => {
    client?.close();
    await pair?.close(wellDone);
    if (pair && !wellDone) console.log(`logs and data: ${pair.folderAfter}`);
  }, 60_000);

  const owners = () => client.recentOwners().map((mac) => macs.get(mac) ?? mac);
  const answers = (node: NodeName) =>
    eventually(() => owners().join() === node, wholeWithinMs, `${node} alone answers for the virtual IP`);
  const addressesOf = (node: NodeName) => ip('-n', pair.lan.namespace(node), '-o', 'addr', 'show');

  /** Killed first, so that nothing is taken back in order: what is left is found by the next start. */
  async function startAnew(node: NodeName, change: (binding: object) => object): Promise<void> {
    await pair.killNode(node);
    const { config } = pair.nodeFolders(node);
    const made = parse(readFileSync(config, 'utf8')) as { binding: object };
    if (!before.has(node)) before.set(node, made.binding);
    writeFileSync(config, stringify({ ...made, binding: change(made.binding) }));
    pair.startNode(node);
  }

  it('leaves no address on either host, and nobody answers for it', async () => {
    const active = await pair.settled(wholeWithinMs);
    await answers(active);
    for (const node of [peerOf(active), active]) {
      await startAnew(node, () => ({ mode: 'none' }));
      await pair.settled(wholeWithinMs);
    }
    await eventually(() => owners().length === 0, wholeWithinMs, 'nobody answers');
    const silentFrom = client.answers().length;
    for (const node of nodeNames) expect(await addressesOf(node)).not.toContain(`${pair.lan.vip}/`);
    await eventually(
      async () => (await pair.cli('a', ['status'])).out.includes('none'),
      wholeWithinMs,
      'the mode in the status',
    );
    expect(client.answers()).toHaveLength(silentFrom);
  });

  it('takes the address up again, on the active alone', async () => {
    const active = await pair.settled(wholeWithinMs);
    await startAnew(peerOf(active), () => before.get(peerOf(active)) ?? {});
    await pair.settled(wholeWithinMs);
    expect(owners()).toEqual([]);
    await startAnew(active, () => before.get(active) ?? {});
    const heir = await pair.settled(wholeWithinMs);
    await answers(heir);
    expect(await addressesOf(heir)).toContain(`${pair.lan.vip}/`);
    expect(judgeRivalries(rivalriesOf(client.answers()), 0)).toEqual([]);
    wellDone = true;
  });
});
