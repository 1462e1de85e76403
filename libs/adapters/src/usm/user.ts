import type { SecuredMessage } from '@hotstandby/ports';
import { decrypted, privacyKey, type PrivProtocol } from './ciphers.ts';
import { isAuthentic, keyOf, localised, type AuthProtocol } from './digests.ts';

/** What a user is known by; passwords as in the files. */
export interface UserSecrets {
  auth: { protocol: AuthProtocol; password: Uint8Array } | null;
  priv: { protocol: PrivProtocol; password: Uint8Array } | null;
}

interface EngineKeys {
  auth: Buffer;
  priv: Buffer | null;
}

type Opened = { plain: Uint8Array; fault: null } | { plain: null; fault: string };
const refused = (fault: string): Opened => ({ plain: null, fault });

/** Engines whose keys are kept, per user. */
const mostEngines = 1000;

/** One user's keys, made when they are first needed: each costs some milliseconds. */
export class User {
  readonly #secrets: UserSecrets;
  /** Only of engines that proved to have the keys, so that nobody else can push them out. */
  readonly #engines = new Map<string, EngineKeys>();
  #authKey: Buffer | null = null;
  #privKey: Buffer | null = null;

  constructor(secrets: UserSecrets) {
    this.#secrets = secrets;
  }

  open(message: SecuredMessage): Opened {
    const { auth, priv } = this.#secrets;
    const { authenticated, encrypted, engineId, data } = message;
    // A message that is less protected than its user's is anybody's.
    if (!auth) return authenticated ? refused('the user has no authProtocol') : { plain: data, fault: null };
    if (!authenticated) return refused('not authenticated, and the user has an authProtocol');
    const engine = Buffer.from(engineId).toString('hex');
    this.#authKey ??= keyOf(auth.protocol, auth.password);
    const known = this.#engines.get(engine);
    const keys = known ?? { auth: localised(auth.protocol, this.#authKey, engineId), priv: null };
    if (!isAuthentic(auth.protocol, keys.auth, message)) return refused('wrong digest: not authentic');
    if (!known) this.#keep(engine, keys);
    if (!priv) return encrypted ? refused('encrypted, and the user has no privProtocol') : { plain: data, fault: null };
    if (!encrypted) return refused('not encrypted, and the user has a privProtocol');
    this.#privKey ??= keyOf(auth.protocol, priv.password);
    keys.priv ??= privacyKey(priv.protocol, auth.protocol, this.#privKey, engineId);
    const plain = decrypted(priv.protocol, keys.priv, message);
    return plain === null ? refused(`cannot be decrypted: no lengths of ${priv.protocol}`) : { plain, fault: null };
  }

  #keep(engine: string, keys: EngineKeys): void {
    const oldest = this.#engines.keys().next();
    if (this.#engines.size >= mostEngines && !oldest.done) this.#engines.delete(oldest.value);
    this.#engines.set(engine, keys);
  }
}
