import { Part, type PartSpec } from './part.ts';
import type { ProcessRecord } from './leftovers.ts';
import { type ProcessEntry, allProcesses, familyOf, isAlive, signal } from './process-table.ts';

export type GroupName = 'a' | 'b' | 'store' | 'traffic';
export type GroupState = 'running' | 'killed' | 'frozen' | 'stopped';

interface Group {
  /** In the order in which they are started; stopped in the reverse order. */
  parts: Part[];
  state: GroupState;
}

const stopGraceMs = 8000;

/** Starts, restarts, kills, freezes and stops the processes of a pair, group by group. */
export class Supervisor {
  readonly #groups = new Map<GroupName, Group>();
  readonly #record: ProcessRecord;
  readonly #tell: (line: string) => void;
  #ending = false;

  /** `tell` gets a sentence for people whenever a process ends unasked. */
  constructor(record: ProcessRecord, tell: (line: string) => void) {
    this.#record = record;
    this.#tell = tell;
  }

  add(group: GroupName, spec: PartSpec): Part {
    const part = new Part(spec, {
      started: (_, pid) => this.#record.add(pid),
      ended: (ended, pid, how) => {
        this.#record.remove(pid);
        // Whoever ends again and again is told of in the beginning, then now and then.
        const worthTelling = ended.restarts < 3 || ended.restarts % 10 === 0;
        if (ended.wanted && !this.#ending && worthTelling)
          this.#tell(`${spec.name} ended (${how}) and is started again; its log: ${spec.logFile}`);
      },
    });
    this.#group(group).parts.push(part);
    return part;
  }

  /** Forgets the group's parts (none of them runs any more) and gives it this one. */
  replace(group: GroupName, spec: PartSpec): Part {
    this.#groups.delete(group);
    return this.add(group, spec);
  }

  start(group: GroupName): void {
    const one = this.#group(group);
    if (one.state === 'frozen') return;
    one.state = 'running';
    for (const part of one.parts) part.start();
  }

  state(group: GroupName): GroupState {
    return this.#group(group).state;
  }

  /** Names of the parts with how they are, for people. */
  parts(group: GroupName): { name: string; pid: number | null; restarts: number }[] {
    return this.#group(group).parts.map((part) => ({ name: part.spec.name, pid: part.pid, restarts: part.restarts }));
  }

  /** SIGKILL to every process of the group and their descendants. They stay dead until `start`. */
  async kill(group: GroupName): Promise<void> {
    const one = this.#group(group);
    one.state = 'killed';
    for (const part of one.parts) part.abandon();
    await endAll(familyNow(one.parts));
    await Promise.all(one.parts.map((part) => part.gone()));
  }

  /** SIGSTOP to the same. */
  freeze(group: GroupName): void {
    const one = this.#group(group);
    if (one.state !== 'running') return;
    one.state = 'frozen';
    // Whatever waits for its restart stays away too, or it would run beside its frozen fellows.
    for (const part of one.parts) part.abandon();
    this.#signalFamily(one, 'SIGSTOP');
  }

  thaw(group: GroupName): void {
    const one = this.#group(group);
    if (one.state !== 'frozen') return;
    one.state = 'running';
    this.#signalFamily(one, 'SIGCONT');
    for (const part of one.parts) part.start();
  }

  /** In the order given; each group's services before its server. Nothing is left when it resolves. */
  async stop(groups: GroupName[][]): Promise<void> {
    this.#ending = true;
    // Some daemons' children are in sessions of their own and lose their parent when it ends: remember them now.
    const family = familyNow([...this.#groups.values()].flatMap((one) => one.parts));
    for (const atOnce of groups) await Promise.all(atOnce.map((name) => this.#stopGroup(this.#group(name))));
    // What a part left behind, and what was started while it went down.
    await endAll(family);
    this.#record.clear();
  }

  async stopOne(group: GroupName): Promise<void> {
    await this.#stopGroup(this.#group(group));
  }

  /** For the second Ctrl-C. */
  async killAll(): Promise<void> {
    this.#ending = true;
    const parts = [...this.#groups.values()].flatMap((one) => one.parts);
    for (const part of parts) part.abandon();
    await endAll(familyNow(parts));
    this.#record.clear();
  }

  async #stopGroup(group: Group): Promise<void> {
    const [server, ...services] = group.parts;
    const frozen = group.state === 'frozen';
    group.state = 'stopped';
    if (frozen) this.#signalFamily(group, 'SIGCONT');
    await Promise.all(services.map((part) => part.stop(stopGraceMs)));
    await server?.stop(stopGraceMs);
  }

  #signalFamily(group: Group, name: 'SIGSTOP' | 'SIGCONT'): void {
    for (const { pid } of familyOf(pidsOf(group.parts), allProcesses())) signal(pid, name);
  }

  #group(name: GroupName): Group {
    const known = this.#groups.get(name);
    if (known) return known;
    const made: Group = { parts: [], state: 'stopped' };
    this.#groups.set(name, made);
    return made;
  }
}

function pidsOf(parts: Part[]): Set<number> {
  return new Set(parts.flatMap((part) => part.pid ?? []));
}

const familyNow = (parts: Part[]) => familyOf(pidsOf(parts), allProcesses());

/** Kills the family and everything that descends from it, also what was born meanwhile, until none is left. */
async function endAll(family: ProcessEntry[]): Promise<void> {
  const known = new Map(family.map((entry) => [entry.pid, entry]));
  for (const { pid, startedAt } of family) if (isAlive({ pid, startedAt })) signal(pid, 'SIGKILL');
  for (let round = 0; round < 250; round++) {
    const table = allProcesses();
    const now = new Map(table.map((entry) => [entry.pid, entry]));
    const same = (entry: ProcessEntry) => now.get(entry.pid)?.startedAt === entry.startedAt;
    const ours = [...known.values()].filter(same).map((entry) => entry.pid);
    for (const entry of familyOf(new Set(ours), table)) known.set(entry.pid, entry);
    const left = [...known.values()].filter((entry) => same(entry) && now.get(entry.pid)?.state !== 'Z');
    if (left.length === 0) return;
    for (const { pid } of left) signal(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
