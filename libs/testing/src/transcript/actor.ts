import { permit as permitSchema, subjects, type Grant } from '@hotstandby/contracts';
import type { Clock, PeerLink } from '@hotstandby/ports';
import { fastTiming, type TestNode, type TestPair } from '../pair/index.ts';
import { NodeClock } from '../simulator/node-clock.ts';
import { ProcessBus } from './process-bus.ts';
import type { Script } from './script.ts';
import { ToldStore, type StoreWay } from './told-store.ts';
import type { Words } from './words.ts';

export type ProcessName = 'arbiter' | 'heartbeat';

interface Process {
  bus: ProcessBus;
  clock: NodeClock;
}

export interface ActorParts {
  pair: TestPair;
  script: Script;
  words: Words;
  down: () => boolean;
  /** The end of the line between the heartbeats; what arrives at it arrives by the given clock. */
  link: (name: string, clock: () => NodeClock | null) => PeerLink;
}

/** One node on the stage: its processes can be killed and frozen, and what it says and does is told. */
export class Actor {
  readonly name: string;
  readonly node: TestNode;
  readonly way: StoreWay = { cut: false, answersLost: false };
  readonly #parts: ActorParts;
  #clock: NodeClock | null = null;
  #processes: Partial<Record<ProcessName, Process>> = {};
  #gateEpoch: number | null = null;
  #permitted = '';

  constructor(name: string, parts: ActorParts) {
    this.name = name;
    this.#parts = parts;
    this.node = parts.pair.node(name);
    this.node.onTold = (type, data) => this.#told(type, data);
  }

  async start(): Promise<void> {
    const { pair, script, words, down } = this.#parts;
    const trueClock = pair.clock;
    const clock = new NodeClock(trueClock, 1);
    this.#clock = clock;
    const { name, way } = this;
    const heard = () => this.#processes.heartbeat?.clock ?? null;
    const timeoutMs = fastTiming.statementTimeoutMs;
    this.#permitted = '';
    // Heartbeat makes its store and its link through these, so a new process of it needs no new ones.
    const store = new ToldStore({ name, way, down, trueClock, clock, timeoutMs, script, words, tables: pair.tables });
    await this.node.start({
      clock,
      store,
      link: this.#toldLink(this.#parts.link(name, heard), clock),
      viewOf: (process, { bus }) => {
        const made = { bus: new ProcessBus(bus), clock: new NodeClock(trueClock, 1) };
        if (process === 'heartbeat') this.#listen();
        this.#processes[process] = made;
        return made;
      },
    });
  }

  kill(): void {
    this.#clock?.die();
    for (const process of Object.values(this.#processes)) this.#end(process);
    this.#processes = {};
    this.node.kill();
    this.#gateEpoch = null;
    this.#clock = null;
  }

  killProcess(process: ProcessName): void {
    const running = this.#processes[process];
    if (running) this.#end(running);
    delete this.#processes[process];
  }

  freeze(): void {
    for (const clock of this.#clocks()) clock.freeze();
  }

  thaw(): void {
    for (const clock of this.#clocks()) clock.thaw();
  }

  isUp(): boolean {
    return this.#clock !== null;
  }

  isFrozen(): boolean {
    return this.#clock?.isFrozen() ?? false;
  }

  /** When its grant ends, as its gates know it; null: they are shut. */
  gateEndsMs(): number | null {
    return this.node.watch?.open()?.deadlineMs ?? null;
  }

  #clocks(): NodeClock[] {
    const own = this.#clock ? [this.#clock] : [];
    return [...own, ...Object.values(this.#processes).map(({ clock }) => clock)];
  }

  #end({ bus, clock }: Process): void {
    bus.die();
    clock.die();
  }

  /** After the gates themselves: they subscribed before. */
  #listen(): void {
    const { bus } = this.node;
    const place = { cluster: 'c', node: this.name };
    bus.subscribe(subjects.grant(place), (payload) => this.#granted(payload as Grant));
    bus.subscribe(subjects.permit(place), (payload) => this.#permit(payload));
    bus.subscribe(subjects.released(place), (payload) =>
      this.#say(`to the other node: epoch ${(payload as { epoch: number }).epoch} is released`),
    );
  }

  #granted({ deadlineMs }: Grant): void {
    this.#lookAtGate();
    // Nobody of a frozen node tells when its grant ends, so it is looked at from outside.
    const { clock } = this.#parts.pair;
    clock.after(Math.max(0, deadlineMs - clock.monotonicMs()), () => this.#lookAtGate());
  }

  #lookAtGate(): void {
    const epoch = this.node.watch?.open()?.epoch ?? null;
    if (epoch === this.#gateEpoch || this.#clock === null) return;
    this.#gateEpoch = epoch;
    if (epoch !== null) this.#say(`its gates open, epoch ${epoch}`);
    else this.#say(this.isFrozen() ? 'its gates are shut, though nobody there is awake to see it' : 'its gates shut');
  }

  #permit(payload: unknown): void {
    const { epoch, serverRole, timeline, voter } = permitSchema.parse(payload);
    const { words } = this.#parts;
    const under = epoch === null || timeline === null ? 'as a sign of life only' : `under epoch ${epoch}`;
    const promise = voter ? `; ${words.node(voter.nodeId)}'s promise counts` : '';
    const permitted = `arbiter permits beats as ${serverRole}, ${under}${promise}`;
    if (permitted === this.#permitted) return;
    this.#permitted = permitted;
    this.#say(permitted);
  }

  #told(type: string, data: unknown): void {
    const { words } = this.#parts;
    if (type === 'role.changing') return;
    // Why stands in the line before.
    if (type === 'beat.missed')
      return this.#say(`event beat.missed: ${(data as { consecutive: number }).consecutive} in a row`);
    if (type !== 'role.changed') return this.#say(`event ${type}: ${words.data(data)}`);
    const { from, to, rule, reason, operator, evidence } = data as Record<string, string> & { evidence: object };
    const epoch = this.node.memory.transitions.at(-1)?.epoch ?? 0;
    const by = operator ? `, asked by ${operator}` : '';
    const recorded = Object.keys(evidence).length > 0 ? `\nrecorded: ${words.data(evidence)}` : '';
    this.#say(
      `${from} -> ${String(to).toUpperCase()} [epoch ${epoch}] ${rule}: ${words.plain(reason ?? '')}${by}${recorded}`,
    );
  }

  #toldLink(link: PeerLink, clock: Clock): PeerLink {
    const { script, words } = this.#parts;
    const { name } = this;
    let answeredMs = Number.NEGATIVE_INFINITY;
    const say = (text: string) => script.say(name, text, { channel: `${name} promise`, same: text });
    return {
      open: (answer) => link.open(answer),
      connected: () => link.connected(),
      close: () => link.close(),
      ask: (request, timeoutMs) =>
        new Promise((resolve, reject) => {
          const { standby, epoch } = request as { standby: string; epoch: number };
          const other = words.node(standby);
          const sentMs = clock.monotonicMs();
          const giveUp = clock.after(timeoutMs, () => {
            // Something that was asked later was answered meanwhile, and this one is nobody's worry any more.
            if (sentMs > answeredMs) say(`no promise of ${other} within ${timeoutMs} ms`);
            reject(new Error('no answer in time'));
          });
          link.ask(request, timeoutMs).then(
            (answer) => {
              giveUp();
              answeredMs = Math.max(answeredMs, sentMs);
              const { refused } = answer as { refused: string | null };
              say(refused === null ? `${other} promised under epoch ${epoch}` : `no promise of ${other}: ${refused}`);
              resolve(answer);
            },
            (error: Error) => {
              giveUp();
              say(`no promise of ${other}: ${error.message}`);
              reject(error);
            },
          );
        }),
    };
  }

  #say(text: string): void {
    this.#parts.script.say(this.name, text);
  }
}
