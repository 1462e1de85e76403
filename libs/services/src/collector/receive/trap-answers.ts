import type { NodeConfig } from '@hotstandby/config';
import { informAnswer, securedAnswer, type AnsweringEngine, type SecuredAnswer } from '@hotstandby/decoders';
import type { Clock, SnmpAnswering } from '@hotstandby/ports';

interface Parts {
  cluster: string;
  config: Pick<NodeConfig['collector'], 'snmpEngineId' | 'snmpEngineBoots'>;
  clock: Clock;
  /** Null: nobody of version 3 is answered. */
  security: SnmpAnswering | null;
}

/** 2026-01-01: the engine's time is counted from it, so that both nodes count alike and no restart sets it back. */
const originMs = 1_767_225_600_000;
/** 2^31 - 1: 68 years. */
const largestTime = 0x7fff_ffff;
/** RFC 3411 section 5: no enterprise of our own, and text that an administrator assigned. */
const textEngineHead = [0x80, 0, 0, 0, 4];
const longestText = 27;

/**
 * What a notification is answered. Both nodes of a pair are one SNMP engine: the same id, the same boots, and a time that both take
 * from the wall clock. So a sender that knew the active finds the same engine at its successor, and need not look for it again.
 */
export class TrapAnswers {
  readonly #parts: Parts;
  readonly #engineId: Uint8Array;
  #reported = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#engineId = engineIdOf(parts.cluster, parts.config.snmpEngineId);
  }

  engine(): AnsweringEngine {
    const { clock, config } = this.#parts;
    const seconds = Math.floor((clock.wallMs() - originMs) / 1000);
    const timeSeconds = Math.min(largestTime, Math.max(0, seconds));
    return { engineId: this.#engineId, boots: config.snmpEngineBoots, timeSeconds };
  }

  /** Null: nobody waits for an answer. */
  answerTo(bytes: Uint8Array): SecuredAnswer | null {
    const plain = informAnswer(bytes);
    if (plain) return { answer: plain, keep: true };
    const { security } = this.#parts;
    const secured = security && securedAnswer(bytes, this.engine(), security, this.#reported);
    if (secured && !secured.keep) this.#reported += 1;
    return secured;
  }
}

/** Made from the cluster's name, which both nodes have, unless it is configured. */
export function engineIdOf(cluster: string, configured: string | undefined): Uint8Array {
  if (configured !== undefined)
    return Uint8Array.from({ length: configured.length / 2 }, (_, index) =>
      Number.parseInt(configured.slice(2 * index, 2 * index + 2), 16),
    );
  const name = `hotstandby-${cluster}`;
  const text = name.length <= longestText ? name : cluster.slice(0, longestText);
  return Uint8Array.from([...textEngineHead, ...Array.from(text, (character) => character.charCodeAt(0))]);
}
