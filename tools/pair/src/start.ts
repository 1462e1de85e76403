import { switchoverResult } from '@hotstandby/contracts';
import type { PairOptions } from '../../setup/options.mjs';
import { describeEvent } from './describe-event.ts';
import { hintsText } from './hints.ts';
import { nodeNames, sharedFolders } from './layout.ts';
import { caughtMails, subjectOf } from './mails.ts';
import { RecordCounter } from './records.ts';
import { type PairView, renderLive } from './screen.ts';
import { type Session, withPair } from './session.ts';
import { TakeoverTimer } from './takeover.ts';
import { StopRequests } from './stop-requests.ts';
import { Terminal, readKeys } from './terminal.ts';

const [ctrlC, ctrlD] = ['\u0003', '\u0004'] as const;
const drawEveryMs = 500;
const plainEveryMs = 10_000;
const switchoverWithinMs = 60_000;

/** `npm start`: a pair to try, until it is stopped. Resolves with the exit code. */
export async function start(options: PairOptions, place: { root: string; main: string }): Promise<number> {
  const live = !options.plain && process.stdout.isTTY === true && process.stdin.isTTY === true;
  const terminal = new Terminal(process.stdout, live);
  const begun = performance.now();
  const stops = new StopRequests();
  stops.listen();
  let desk: Desk | null = null;
  // In raw mode Ctrl-C is a key like others, from the first moment to the last.
  const onKey = (key: string) => {
    if (['q', ctrlC, ctrlD].includes(key)) stops.ask(key === 'q' ? 'q' : 'Ctrl-C');
    else void desk?.key(key);
  };
  const releaseKeys = live ? readKeys(process.stdin, onKey) : () => {};
  try {
    return await withPair(
      options,
      place,
      stops,
      (line) => terminal.notice(line),
      async (session) => {
        const { defaultData, fileSync } = session;
        terminal.print(hintsText(session.pair.layout, { defaultData, fileSync, enter: enterHint() }));
        desk = new Desk(session, terminal);
        desk.open();
        try {
          await desk.untilActive(begun);
          if (options.traffic) desk.toggleTraffic();
          const end = options.forSeconds === null ? new Promise<string>(() => {}) : after(options.forSeconds);
          const why = await Promise.race([stops.first, end]);
          terminal.notice(`Stopping (${why}); Ctrl-C ends everything at once.`);
          return 0;
        } finally {
          await desk.close();
        }
      },
    );
  } finally {
    terminal.close();
    releaseKeys();
  }
}

/** In a user's own namespaces the pair's addresses are not this shell's: how to get there. */
const enterHint = () =>
  process.env['HOTSTANDBY_INSIDE']
    ? `nsenter -t ${process.pid} -U -n --preserve-credentials ${process.env['SHELL'] ?? 'sh'}`
    : null;

const after = (seconds: number) =>
  new Promise<string>((resolve) => setTimeout(() => resolve(`${seconds} s are over`), seconds * 1000).unref());

/** The person's place: what is shown, and what each key does. */
class Desk {
  readonly #session: Session;
  readonly #terminal: Terminal;
  readonly #takeover = new TakeoverTimer();
  readonly #records: RecordCounter;
  #timer: NodeJS.Timeout | null = null;
  #mailsSeen: number;
  #lastMail: string | null = null;
  #rate = { total: 0, atMs: 0, perSecond: 0 };
  #busy = false;

  constructor(session: Session, terminal: Terminal) {
    this.#session = session;
    this.#terminal = terminal;
    this.#records = new RecordCounter(session.pair.layout);
    this.#mailsSeen = caughtMails(this.#mails).length;
  }

  get #mails(): string {
    return sharedFolders(this.#session.pair.layout).mails;
  }

  open(): void {
    const { watch } = this.#session;
    this.#records.start();
    watch.onEvent((event, node) => {
      const line = describeEvent(event, node);
      if (line) this.#terminal.notice(line);
      const data = event.data as { to?: string } | null;
      if (event.type !== 'role.changed' || data?.to !== 'active') return;
      const name = nodeNames.find((one) => one === node);
      const taken = name && this.#takeover.becameActive(name, Date.parse(event.time));
      if (taken) this.#terminal.notice(`take-over in ${taken.ms} ms (${taken.what})`);
    });
    this.#timer = setInterval(() => this.#show(), this.#terminal.live ? drawEveryMs : plainEveryMs);
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#records.close();
  }

  async untilActive(begun: number): Promise<void> {
    const { watch, stops } = this.#session;
    while (watch.active() === null && !stops.asked) {
      await watch.look();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const active = watch.active();
    if (active)
      this.#terminal.notice(
        `node ${active} is active, ${((performance.now() - begun) / 1000).toFixed(1)} s after the start`,
      );
  }

  toggleTraffic(): void {
    const { pair, options } = this.#session;
    if (pair.trafficOn) {
      void pair.stopTraffic();
      this.#terminal.notice('test traffic off');
    } else {
      pair.startTraffic(options.rate);
      this.#terminal.notice(`test traffic on: ${options.rate} syslog, traps and flows a second to both nodes`);
    }
    this.#show();
  }

  async key(key: string): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      if (key === 'k' || key === 'f') await this.#hurt(key);
      else if (key === 's') await this.#switchOver();
      else if (key === 't') this.toggleTraffic();
      else if (key === 'r') this.#restart();
    } catch (error) {
      this.#terminal.notice(error instanceof Error ? error.message : String(error));
    } finally {
      this.#busy = false;
      this.#show();
    }
  }

  async #hurt(key: 'k' | 'f'): Promise<void> {
    const { pair, watch } = this.#session;
    const active = watch.active();
    if (!active || pair.supervisor.state(active) !== 'running') {
      this.#terminal.notice('nobody is active now');
      return;
    }
    const atMs = Date.now();
    this.#takeover.done(key === 'k' ? 'killed' : 'frozen', active, atMs);
    if (key === 'k') await pair.kill(active);
    else pair.freeze(active);
    this.#terminal.notice(
      `${key === 'k' ? 'SIGKILL' : 'SIGSTOP'} to every process of node ${active}, its NATS server included`,
    );
  }

  async #switchOver(): Promise<void> {
    const { watch } = this.#session;
    const active = watch.active();
    if (!active) {
      this.#terminal.notice('nobody is active now');
      return;
    }
    this.#takeover.done('handed over', active, Date.now());
    const result = switchoverResult.parse(await watch.switchover(active, switchoverWithinMs));
    this.#terminal.notice(`${result.done ? 'switched over' : `not switched over (${result.code})`}: ${result.message}`);
  }

  #restart(): void {
    const restarted = this.#session.pair.restart();
    this.#terminal.notice(
      restarted.length > 0 ? `node ${restarted.join(' and node ')} goes on` : 'nothing was killed or frozen',
    );
  }

  #show(): void {
    this.#seeMails();
    const view = this.#view();
    if (this.#terminal.live) this.#terminal.block(renderLive(this.#session.pair.layout, view, this.#terminal.columns));
    else this.#terminal.notice(plainLine(view));
  }

  #seeMails(): void {
    const mails = caughtMails(this.#mails);
    for (const name of mails.slice(this.#mailsSeen)) {
      this.#lastMail = subjectOf(this.#mails, name);
      this.#terminal.notice(`mail: ${this.#lastMail}`);
    }
    this.#mailsSeen = mails.length;
  }

  #view(): PairView {
    const { pair, watch } = this.#session;
    const { counts } = this.#records;
    const total = counts ? counts.syslog + counts.trap + counts.flow : 0;
    const nowMs = performance.now();
    if (nowMs - this.#rate.atMs > 4000) {
      const seconds = (nowMs - this.#rate.atMs) / 1000;
      const perSecond = this.#rate.atMs > 0 ? Math.max(0, Math.round((total - this.#rate.total) / seconds)) : 0;
      this.#rate = { total, atMs: nowMs, perSecond };
    }
    return {
      nodes: {
        a: { state: pair.supervisor.state('a'), ...watch.nodes.a },
        b: { state: pair.supervisor.state('b'), ...watch.nodes.b },
      },
      active: watch.active(),
      takeover: this.#takeover.last,
      records: counts,
      perSecond: this.#rate.perSecond,
      trafficOn: pair.trafficOn,
      mails: { count: this.#mailsSeen, last: this.#lastMail },
      nowMs,
    };
  }
}

function plainLine(view: PairView): string {
  const roles = nodeNames.map(
    (node) =>
      `${node} ${view.nodes[node].state === 'running' ? (view.nodes[node].arbiter?.role ?? 'starting') : view.nodes[node].state}`,
  );
  const arbiter = view.active ? view.nodes[view.active].arbiter : null;
  const records = view.records
    ? `syslog ${view.records.syslog}, traps ${view.records.trap}, flows ${view.records.flow}`
    : 'nothing yet';
  return `${roles.join(', ')}; epoch ${arbiter?.epoch ?? '-'}; redundancy ${arbiter?.redundancy ?? 'unknown'}; stored: ${records}`;
}
