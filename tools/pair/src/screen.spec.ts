import { describe, expect, it } from 'vitest';
import { loopbackAddresses } from './layout.ts';
import { clip, type PairView, renderLive } from './screen.ts';

const layout = { root: '/clone', data: '/data', addresses: loopbackAddresses('127.0.0'), virtualName: null };
const plain = (text: string) => text.replaceAll(/\u001b\[[0-9;]*m/g, '');

describe('the live lines', () => {
  it('are cut at the width that is seen, with their colours ended', () => {
    expect(clip('\u001b[31mkilled\u001b[39m now', 3)).toBe('\u001b[31mkil\u001b[0m');
    expect(clip('short', 10)).toBe('short');
  });

  it('say who was killed, and that nobody answers yet', () => {
    const node = { arbiter: null, services: new Map() };
    const view: PairView = {
      nodes: { a: { state: 'killed', ...node }, b: { state: 'running', ...node } },
      active: null,
      takeover: { what: 'a killed, b active', ms: 180 },
      records: { syslog: 1234, trap: 5, flow: 6 },
      perSecond: 150,
      trafficOn: true,
      mails: { count: 2, last: 'TAKE-OVER: b is active' },
      nowMs: 0,
    };
    const lines = renderLive(layout, view, 200).map(plain);
    expect(lines[1]).toContain('node a  KILLED');
    expect(lines[2]).toContain('node b  starting');
    expect(lines[3]).toContain('nobody is active   last take-over 180 ms (a killed, b active)');
    expect(lines[4]).toContain('syslog 1,234  traps 5  flows 6  (150/s)   traffic on   mails 2: TAKE-OVER');
    expect(renderLive(layout, view, 40).every((line) => plain(line).length < 40)).toBe(true);
  });
});
