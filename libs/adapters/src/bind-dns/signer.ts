import { checkKeyFile, type TsigKey } from './key-file.ts';

/** How updates are signed. */
export interface Signer {
  /** Options of nsupdate: names, never secrets. A command line is for everybody to read. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Lines of its input, before all others. */
  readonly preamble: readonly string[];
  /** How long a transaction may take; it is killed then. */
  readonly limitMs: number;
  /** Throws when something is missing on this host. Asks nobody. */
  check(): Promise<void>;
  /** Before each transaction: gets what is needed and not there yet. Throws. */
  prepare(): Promise<void>;
  /** Throws when updates work now and will not much longer. */
  foresee(): Promise<void>;
  /** A transaction failed, perhaps for what this one has kept. */
  forget(): void;
  /** What it kept is gone. */
  close(): Promise<void>;
}

/** A shared secret (TSIG, RFC 8945). */
export class TsigSigner implements Signer {
  readonly args: readonly string[];
  readonly environment = {};
  readonly preamble = [];
  readonly limitMs = 2000;
  readonly #key: TsigKey;

  constructor(key: TsigKey) {
    this.#key = key;
    this.args = ['-k', key.keyFile];
  }

  check(): Promise<void> {
    return checkKeyFile(this.#key);
  }
  async prepare(): Promise<void> {}
  async foresee(): Promise<void> {}
  forget(): void {}
  async close(): Promise<void> {}
}
