import { subjects, type SwitchoverResult } from '@hotstandby/contracts';
import type { PeerLink, Transition } from '@hotstandby/ports';
import { LocalLine } from '../pair/local-link.ts';
import type { TablesSnapshot } from '../memory-lease-store/index.ts';
import { fastTiming, quietPolicy, TestPair } from '../pair/index.ts';
import type { NodeClock } from '../simulator/node-clock.ts';
import { Actor, type ProcessName } from './actor.ts';
import { Script, wrap } from './script.ts';
import { Words } from './words.ts';

/**
 * A pair under virtual time whose conversation is written down: the real arbiter, heartbeat and gates of each node, a store
 * in memory, and whatever a scene does to them.
 */
export class Stage {
  readonly pair = new TestPair();
  readonly words = new Words();
  /** Moments at which two nodes could act: there must be none. */
  readonly twoGates: string[] = [];
  readonly #script = new Script(() => this.pair.clock.monotonicMs());
  readonly #actors = new Map<string, Actor>();
  readonly #clocks = new Map<string, () => NodeClock | null>();
  readonly #line: LocalLine;
  #lineCut = false;
  #down = false;
  #restarts = 0;
  #policy = quietPolicy;
  #opening = '';

  constructor() {
    this.#line = new LocalLine((from, deliver) => {
      if (this.#lineCut) return;
      this.pair.clock.after(0.5, () => {
        const to = [...this.#clocks].find(([name]) => name !== from)?.[1]() ?? null;
        if (!this.#lineCut) to?.arrive(deliver);
      });
    });
  }

  actor(name: string): Actor {
    const known = this.#actors.get(name);
    if (known) return known;
    const { pair, words } = this;
    const link = (end: string, clock: () => NodeClock | null): PeerLink => {
      // A third node has no line of its own: the two of the pair speak to each other.
      if (this.#clocks.size < 2 || this.#clocks.has(end)) this.#clocks.set(end, clock);
      else return unconnected;
      return this.#line.endOf(end);
    };
    const actor = new Actor(name, { pair, words, script: this.#script, down: () => this.#down, link });
    actor.node.policy = this.#policy;
    this.#actors.set(name, actor);
    return actor;
  }

  /** Both nodes up, a active and b registered; the telling begins when this is done. */
  async started(): Promise<void> {
    await this.actor('a').start();
    await this.actor('b').start();
    await this.run(500);
    await this.begin();
  }

  /** What went before is not told. */
  async begin(): Promise<void> {
    this.#script.begin();
    this.#opening = await this.roles();
  }

  /** Lets time pass. */
  async run(ms: number): Promise<void> {
    await this.pair.clock.advance(ms, () => {
      const open = [...this.#actors.values()].filter((actor) => actor.gateEndsMs() !== null);
      if (open.length < 2) return;
      const names = open.map(({ name }) => name).join(' and ');
      this.twoGates.push(`${names} have open gates at ${this.pair.clock.monotonicMs()}`);
    });
  }

  /** Every transition of every node so far. */
  transitions(): Transition[] {
    return [...this.#actors.values()].flatMap(({ node }) => node.memory.transitions);
  }

  /** Something from outside happens; it is told as `***`. */
  happens(text: string): void {
    this.#script.say('***', text);
  }

  async start(name: string): Promise<void> {
    this.happens(`${name} starts`);
    await this.actor(name).start();
  }

  kill(name: string): void {
    this.happens(`${name} loses power${this.#grantOf(name)}`);
    this.actor(name).kill();
  }

  killProcess(name: string, process: ProcessName): void {
    this.happens(`the ${process} of ${name} is killed${this.#grantOf(name)}`);
    this.actor(name).killProcess(process);
  }

  async startProcess(name: string, process: ProcessName): Promise<void> {
    this.happens(`the ${process} of ${name} is started again`);
    const { node } = this.actor(name);
    await (process === 'arbiter' ? node.startArbiter() : node.startHeartbeat());
  }

  freeze(name: string): void {
    this.happens(`${name} freezes: none of its processes runs${this.#grantOf(name)}`);
    this.actor(name).freeze();
  }

  thaw(name: string): void {
    this.happens(`${name} wakes`);
    this.actor(name).thaw();
  }

  cutStore(...names: string[]): void {
    this.happens(
      `the way between ${names.join(', ')} and the store is cut${names.map((name) => this.#grantOf(name)).join('')}`,
    );
    for (const name of names) this.actor(name).way.cut = true;
  }

  mendStore(...names: string[]): void {
    this.happens(`the way between ${names.join(', ')} and the store is whole again`);
    for (const name of names) this.actor(name).way.cut = false;
  }

  cutLine(): void {
    this.happens('the way between a and b is cut');
    this.#lineCut = true;
  }

  mendLine(): void {
    this.happens('the way between a and b is whole again');
    this.#lineCut = false;
  }

  stopStore(): void {
    this.happens('the database is stopped');
    this.#down = true;
  }

  startStore(): void {
    this.happens('the database is started again');
    this.#down = false;
    this.pair.tables.storeIncarnation = `store-again-${++this.#restarts}`;
  }

  /** What the tables hold now, for `restore`. */
  backup(): TablesSnapshot {
    return this.pair.tables.snapshot();
  }

  /** A copy of the data folder is put back: the server goes on as if nothing had been. */
  restore(backup: TablesSnapshot): void {
    this.pair.tables.forget(backup, 'same');
    this.happens(`an old copy of the database is put back: ${this.words.reign(backup.reign)}`);
  }

  /** A replica that is this far takes over, on a timeline of its own. */
  promote(replica: TablesSnapshot): void {
    this.pair.tables.forget(replica, 'new');
    this.happens(`a replica takes over as the store, on another timeline: ${this.words.reign(replica.reign)}`);
  }

  loseAnswers(name: string, lost: boolean): void {
    this.happens(
      lost ? `answers of the store to orders of ${name} begin to get lost` : `no more answers to ${name} get lost`,
    );
    this.actor(name).way.answersLost = lost;
  }

  /** An operator asks a node; the answer is told when it comes. */
  ask(name: string, what: keyof typeof asked, reason: string, more: { forMs?: number } = {}): void {
    const time = more.forMs === undefined ? '' : `, for ${more.forMs} ms`;
    this.#script.say('operator', `to ${name}: ${asked[what]}${time} (${reason})`);
    const { bus } = this.actor(name).node;
    const request = { operator: 'ada', reason, ...more };
    void bus.request(subjects[what]({ cluster: 'c', node: name }), request, 60_000).then((answer) => {
      const { done, code, message } = answer as SwitchoverResult;
      this.#script.say(name, `to the operator: ${done ? 'done' : `not done, ${code}`}: ${this.words.plain(message)}`);
    });
  }

  /** What policies say from the next start on. */
  policy(change: Partial<typeof quietPolicy>): void {
    this.#policy = { ...this.#policy, ...change };
  }

  /** Every second for so long a collector of each node says how it is, as services do. */
  async services(ms: number, how: Record<string, 'ok' | 'failed'>): Promise<void> {
    const said = Object.entries(how).map(([name, health]) => `the collector of ${name} is ${health}`);
    this.happens(said.join(', '));
    for (let at = 0; at < ms; at += 1000) {
      for (const [name, health] of Object.entries(how)) this.actor(name).node.says('collector', health);
      await this.run(1000);
    }
  }

  async stop(name: string): Promise<void> {
    this.happens(`${name} is asked to stop`);
    await this.actor(name).node.stop();
    this.happens(`${name} has stopped`);
    this.actor(name).kill();
  }

  /** `a active 1, b standby`. */
  async roles(): Promise<string> {
    const said: string[] = [];
    for (const actor of this.#actors.values()) {
      const role = !actor.isUp()
        ? 'is down'
        : actor.isFrozen()
          ? 'is frozen'
          : await actor.node.role().then(
              (known) => (known.startsWith('active') ? `is ${known.replace(' ', ' under epoch ')}` : `is ${known}`),
              () => 'has no arbiter',
            );
      said.push(`${actor.name} ${role}`);
    }
    return said.length > 0 ? said.join(', ') : 'nothing runs';
  }

  /** The whole conversation as text. */
  async transcript(title: string, sentence: string): Promise<string> {
    const { beatMs, leaseTtlMs, takeoverWaitMs, fenceLeadMs } = fastTiming;
    return [
      ...wrap(`${title}: ${sentence}`),
      '',
      ...wrap(
        `Times are in ms. A beat every ${beatMs}; a grant lasts ${leaseTtlMs} from the sending of what renewed it, and is let go of ` +
          `${fenceLeadMs} before its end; take-over wait ${takeoverWaitMs.toFixed(1)}. "..." stands for what went on as before.`,
      ),
      '',
      `At first: ${this.#opening || 'nothing runs'}.`,
      '',
      this.#script.text(),
      '',
      `At last: ${await this.roles()}.`,
      `The store: ${this.words.reign(this.pair.tables.reign)}.`,
      '',
    ].join('\n');
  }

  #grantOf(name: string): string {
    const endsMs = this.actor(name).gateEndsMs();
    if (endsMs === null) return '';
    return ` (${name} has a grant for another ${(endsMs - this.pair.clock.monotonicMs()).toFixed(1)} ms)`;
  }
}

/** What an operator can ask of an arbiter. */
const asked = {
  switchover: 'hand over',
  failback: 'give the lease back to the primary',
  pause: 'let nobody take over',
  resume: 'end the pause',
  takeover: 'take the lease by force',
} as const;

const unconnected: PeerLink = {
  open: () => {},
  connected: () => false,
  ask: () => Promise.reject(new Error('not connected')),
  close: async () => {},
};
