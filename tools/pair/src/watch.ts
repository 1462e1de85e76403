import { readFileSync } from 'node:fs';
import path from 'node:path';
import { connectNats } from '@hotstandby/adapters/nats';
import { type NodeConfig, parseConfig } from '@hotstandby/config';
import {
  type ArbiterDescription,
  arbiterDescription,
  cloudEvent,
  eventSchemas,
  serviceStatus,
  subjects,
} from '@hotstandby/contracts';
import type { Bus, CloudEvent } from '@hotstandby/ports';
import { type Layout, type NodeName, cluster, nodeFolders, nodeNames, sharedFolders } from './layout.ts';
import { logToFile } from './log-to-file.ts';

export interface ServiceHealth {
  health: 'ok' | 'degraded' | 'failed';
  summary: string;
  seenAtMs: number;
}

/** What one node says of itself; null while it cannot be asked. */
export interface NodeView {
  arbiter: ArbiterDescription | null;
  services: Map<string, ServiceHealth>;
}

const askEveryMs = 1000;
const answerWithinMs = 800;

interface Connection {
  bus: Bus;
  close(): Promise<void>;
}

/** Looks at both nodes over NATS as the operator: one question a second, and every event as it comes. */
export class Watch {
  readonly nodes: Record<NodeName, NodeView> = {
    a: { arbiter: null, services: new Map() },
    b: { arbiter: null, services: new Map() },
  };
  readonly #layout: Layout;
  readonly #connections = new Map<NodeName, Connection>();
  readonly #listeners = new Set<(event: CloudEvent, node: NodeName) => void>();
  #timer: NodeJS.Timeout | null = null;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  async start(): Promise<void> {
    const log = logToFile(path.join(sharedFolders(this.#layout).logs, 'launcher.log'));
    for (const node of nodeNames) {
      const connection = await connectNats({ config: configOf(this.#layout, node), service: 'cli', log });
      this.#connections.set(node, connection);
      this.#listen(node, connection.bus);
    }
    this.#timer = setInterval(() => void this.look(), askEveryMs);
  }

  /** Asks both nodes now. */
  async look(): Promise<void> {
    await Promise.all(
      nodeNames.map(async (node) => {
        this.nodes[node].arbiter = await this.#describe(node);
      }),
    );
  }

  /** The node that says it is active; the one with the higher epoch when both do. */
  active(): NodeName | null {
    const claiming = nodeNames.filter((node) => this.nodes[node].arbiter?.role === 'active');
    const epochOf = (node: NodeName) => this.nodes[node].arbiter?.epoch ?? 0;
    return claiming.toSorted((one, other) => epochOf(other) - epochOf(one))[0] ?? null;
  }

  /** Whether the active has a standby that is registered and beats. */
  ready(): boolean {
    const active = this.active();
    return active !== null && this.nodes[active].arbiter?.redundancy === 'ready';
  }

  /** Whether both nodes' collectors say that their sockets are open: what is sent earlier nobody hears. */
  listening(): boolean {
    const healthOf = (node: NodeName) => this.nodes[node].services.get('collector')?.health ?? 'failed';
    return nodeNames.every((node) => healthOf(node) !== 'failed');
  }

  /** Returns what ends it. */
  onEvent(listener: (event: CloudEvent, node: NodeName) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Throws `BusError`. The answer is the arbiter's. */
  async switchover(node: NodeName, timeoutMs: number): Promise<unknown> {
    const bus = this.#connections.get(node)?.bus;
    if (!bus) throw new Error('not connected');
    const request = { operator: process.env['USER'] ?? 'pair', reason: 'asked for in the pair' };
    return bus.request(subjects.switchover({ cluster, node }), request, timeoutMs);
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  async #describe(node: NodeName): Promise<ArbiterDescription | null> {
    try {
      const answer = await this.#connections
        .get(node)
        ?.bus.request(subjects.describe({ cluster, node }), {}, answerWithinMs);
      return arbiterDescription.safeParse(answer).data ?? null;
    } catch {
      return null;
    }
  }

  #listen(node: NodeName, bus: Bus): void {
    const at = { cluster, node };
    bus.subscribe(subjects.anyStatus(at), (payload) => {
      const status = serviceStatus.safeParse(payload).data;
      if (!status) return;
      const { service, health, summary } = status;
      this.nodes[node].services.set(service, { health, summary, seenAtMs: performance.now() });
    });
    bus.subscribe(subjects.anyEvent(at), (payload) => {
      const event = cloudEvent.safeParse(payload).data as CloudEvent | undefined;
      if (!event) return;
      // A change of role shows at once, not at the next question.
      if (event.type === 'role.changed') this.#take(node, event);
      for (const listener of this.#listeners) listener(event, node);
    });
  }

  #take(node: NodeName, event: CloudEvent): void {
    const changed = eventSchemas['role.changed'].safeParse(event.data).data;
    const { arbiter } = this.nodes[node];
    if (changed && arbiter && arbiter.role !== changed.to)
      this.nodes[node].arbiter = {
        ...arbiter,
        role: changed.to,
        epoch: event.epoch ?? arbiter.epoch,
        redundancy: 'unknown',
      };
  }
}

function configOf(layout: Layout, node: NodeName): NodeConfig {
  const file = nodeFolders(layout, node).config;
  const result = parseConfig(readFileSync(file, 'utf8'));
  if (result.ok) return result.config;
  const faults = result.faults
    .map((fault) => `${fault.field}: expected ${fault.expected}, got ${fault.got}`)
    .join('; ');
  throw new Error(`${file} is not valid: ${faults}`);
}
