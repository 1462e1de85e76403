import { randomBytes } from 'node:crypto';
import type { SecuredMessage, SecurityProblem } from '@hotstandby/ports';
import { decrypted, encrypted, privacyKey, type EngineTime, type PrivProtocol } from './ciphers.ts';
import { digestOf, isAuthentic, keyOf, localised, type AuthProtocol } from './digests.ts';

/** What a user is known by; passwords as in the files. */
export interface UserSecrets {
  auth: { protocol: AuthProtocol; password: Uint8Array } | null;
  priv: { protocol: PrivProtocol; password: Uint8Array } | null;
}

type Auth = NonNullable<UserSecrets['auth']>;
type Priv = NonNullable<UserSecrets['priv']>;

interface EngineKeys {
  auth: Buffer;
  priv: Buffer | null;
}

type Opened = { plain: Uint8Array; fault: null } | { plain: null; fault: string; problem: SecurityProblem };
const refused = (problem: SecurityProblem, fault: string): Opened => ({ plain: null, fault, problem });

/** Engines whose keys are kept, per user. */
const mostEngines = 1000;

/** One user's keys, made when they are first needed: each costs some milliseconds. */
export class User {
  readonly #secrets: UserSecrets;
  /** Only of engines that proved to have the keys, so that nobody else can push them out. */
  readonly #engines = new Map<string, EngineKeys>();
  #authKey: Buffer | null = null;
  #privKey: Buffer | null = null;
  /** Never the same twice for a key: RFC 3414 section 8.1.1.1, RFC 3826 section 3.1.2.1. */
  #salt = randomBytes(8).readBigUInt64BE();

  constructor(secrets: UserSecrets) {
    this.#secrets = secrets;
  }

  open(message: SecuredMessage): Opened {
    const { auth, priv } = this.#secrets;
    const { authenticated, encrypted, engineId, data } = message;
    // A message that is less protected than its user's is anybody's.
    if (!auth) return authenticated ? refused('level', 'the user has no authProtocol') : { plain: data, fault: null };
    if (!authenticated) return refused('level', 'not authenticated, and the user has an authProtocol');
    const engine = Buffer.from(engineId).toString('hex');
    const known = this.#engines.get(engine);
    const keys = known ?? this.#keysFor(auth, engineId);
    if (!isAuthentic(auth.protocol, keys.auth, message)) return refused('digest', 'wrong digest: not authentic');
    if (!known) this.#keep(engine, keys);
    if (!priv)
      return encrypted ? refused('level', 'encrypted, and the user has no privProtocol') : { plain: data, fault: null };
    if (!encrypted) return refused('level', 'not encrypted, and the user has a privProtocol');
    const plain = decrypted(priv.protocol, this.#privFor(keys, { auth, priv }, engineId), message);
    return plain === null
      ? refused('decryption', `cannot be decrypted: no lengths of ${priv.protocol}`)
      : { plain, fault: null };
  }

  /** Null: the user has no such keys. */
  encrypt(message: SecuredMessage, time: EngineTime, plain: Uint8Array) {
    const { auth, priv } = this.#secrets;
    if (!auth || !priv) return null;
    const { engineId } = message;
    const key = this.#privFor(this.#keysOf(auth, engineId), { auth, priv }, engineId);
    this.#salt = (this.#salt + 1n) & 0xffff_ffff_ffff_ffffn;
    return encrypted(priv.protocol, key, { time, salt: this.#salt, plain });
  }

  /** Null: the user has no such key. */
  digest(message: SecuredMessage, answer: Uint8Array): Uint8Array | null {
    const { auth } = this.#secrets;
    return auth && digestOf(auth.protocol, this.#keysOf(auth, message.engineId).auth, answer);
  }

  #keysOf(auth: Auth, engineId: Uint8Array): EngineKeys {
    return this.#engines.get(Buffer.from(engineId).toString('hex')) ?? this.#keysFor(auth, engineId);
  }

  #keysFor(auth: Auth, engineId: Uint8Array): EngineKeys {
    this.#authKey ??= keyOf(auth.protocol, auth.password);
    return { auth: localised(auth.protocol, this.#authKey, engineId), priv: null };
  }

  #privFor(keys: EngineKeys, { auth, priv }: { auth: Auth; priv: Priv }, engineId: Uint8Array): Buffer {
    this.#privKey ??= keyOf(auth.protocol, priv.password);
    keys.priv ??= privacyKey(priv.protocol, auth.protocol, this.#privKey, engineId);
    return keys.priv;
  }

  #keep(engine: string, keys: EngineKeys): void {
    const oldest = this.#engines.keys().next();
    if (this.#engines.size >= mostEngines && !oldest.done) this.#engines.delete(oldest.value);
    this.#engines.set(engine, keys);
  }
}
