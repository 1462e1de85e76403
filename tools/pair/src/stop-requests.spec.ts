import { describe, expect, it } from 'vitest';
import { StopRequests } from './stop-requests.ts';

const settled = async (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);

describe('asking for the end', () => {
  it('takes the same Ctrl-C from the terminal and from npm for one', async () => {
    const stops = new StopRequests();
    stops.ask('SIGINT', 1000);
    stops.ask('SIGINT', 1001);
    stops.ask('SIGINT', 1390);
    await expect(stops.first).resolves.toBe('SIGINT');
    expect(await settled(stops.second)).toBe(false);
  });

  it('means at once when a person asks again', async () => {
    const stops = new StopRequests();
    expect(stops.asked).toBe(false);
    stops.ask('q', 1000);
    stops.ask('Ctrl-C', 1500);
    expect(stops.asked).toBe(true);
    expect(await settled(stops.second)).toBe(true);
  });
});
