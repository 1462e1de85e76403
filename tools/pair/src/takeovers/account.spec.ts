import { describe, expect, it } from 'vitest';
import type { Sent } from '../report.ts';
import { account, type KernelLook } from './account.ts';

const none = { refused: 0, unheard: 0, overflowed: 0 };
/** Every 50 ms from 0 on; the fault is at 1000, the address is there again at 1200. Node a is killed. */
function looksOf(counts: (atMs: number) => Partial<KernelLook>): KernelLook[] {
  return Array.from({ length: 61 }, (_, index) => index * 50).map((atMs) => ({
    fromMs: atMs,
    toMs: atMs,
    nodes: { a: none, b: none },
    backlogged: 0,
    ...counts(atMs),
  }));
}
const sentAt = (...times: number[]): Sent[] =>
  times.map((atMs, index) => ({ kind: 'syslog', sequence: index + 1, atMs }));
const vip = { faultAtMs: 1000, gapEndsAtMs: 1200, killed: 'a' as const };

describe('what is lost at a take-over', () => {
  it('is the interruption by its time, from what the killed processes held on', () => {
    const { why, heldFromMs } = account({ ...vip, lost: sentAt(990, 1000, 1100, 1200), looks: looksOf(() => ({})) });
    expect(why).toMatchObject({ interruption: 4, unexplained: 0 });
    expect(heldFromMs).toBe(-10);
  });

  it('is unexplained where no kernel counted anything', () => {
    const looks = looksOf(() => ({}));
    const found = account({ ...vip, lost: sentAt(-100, 1201, 2500), looks });
    expect(found.why).toMatchObject({ interruption: 0, unexplained: 3 });
    expect(found).toMatchObject({ unexplainedFromMs: -1100, unexplainedToMs: 1500, heldFromMs: null });
  });

  it('is of a lapse while the kernel of a living node refused, one datagram a count', () => {
    const refused = (atMs: number) => ({ nodes: { a: none, b: { ...none, refused: atMs < 2000 ? 0 : 2 } } });
    const found = account({ ...vip, lost: sentAt(1960, 1970, 1980, 2010), looks: looksOf(refused) });
    expect(found.why).toMatchObject({ lapse: 2, unexplained: 2 });
    expect(account({ ...vip, lost: sentAt(1699, 2051), looks: looksOf(refused) }).why).toMatchObject({
      unexplained: 2,
    });
  });

  it('went to the dead node while neighbours had not heard of the new one', () => {
    const refused = (atMs: number) => ({ nodes: { a: { refused: atMs < 1300 ? 0 : 1, unheard: atMs < 1300 ? 0 : 1, overflowed: 0 }, b: none } }); // prettier-ignore
    expect(account({ ...vip, lost: sentAt(1260, 1270), looks: looksOf(refused) }).why).toMatchObject({ dead: 2 });
  });

  it('is named where a buffer, or the queue of the host, was full', () => {
    const full = (atMs: number) => ({ nodes: { a: none, b: { ...none, overflowed: atMs < 2000 ? 0 : 1 } }, backlogged: atMs < 1500 ? 0 : 1 }); // prettier-ignore
    const found = account({ ...vip, lost: sentAt(1210, 1480, 1960, 1970), looks: looksOf(full) });
    expect(found.why).toMatchObject({ overflow: 1, backlog: 1, unexplained: 2 });
  });

  it('is not forgiven for a count that was taken back: it was a look between two counters', () => {
    const shaky = (atMs: number) => ({ nodes: { a: none, b: { ...none, refused: atMs === 2000 ? 3 : 0 } } });
    expect(account({ ...vip, lost: sentAt(1990), looks: looksOf(shaky) }).why).toMatchObject({ unexplained: 1 });
  });

  it('is explained although a look fell between two counters, before a lapse or at the very end', () => {
    const counts = new Map([[2000, 1], [2050, 4], [3000, 3]]); // prettier-ignore
    const shaky = (atMs: number) => ({
      nodes: { a: none, b: { ...none, refused: counts.get(atMs) ?? (atMs < 2000 ? 0 : 4) } },
    });
    const lost = sentAt(2010, 2020, 2030, 2040);
    expect(account({ ...vip, lost, looks: looksOf(shaky) }).why).toMatchObject({ lapse: 4, unexplained: 0 });
  });

  it('has no interruption where both nodes are fed', () => {
    const found = account({ ...vip, gapEndsAtMs: null, lost: sentAt(1100), looks: looksOf(() => ({})) });
    expect(found.why).toMatchObject({ interruption: 0, unexplained: 1 });
  });
});
