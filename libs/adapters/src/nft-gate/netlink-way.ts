import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { CodedError } from '@hotstandby/contracts';
import type { GateAnswer } from '@hotstandby/ports';
import type { KernelSocket } from './kernel-socket.ts';
import { batchAnswer, setBatch } from './set-batch.ts';
import type { SetChange } from './set-changes.ts';

const { ENOENT } = constants.errno;

/** Tells the kernel of changes by netlink: some 20 microseconds each, in which nothing else of this process happens. */
export class NetlinkWay {
  readonly #socket: KernelSocket;
  #sequence = 1;

  constructor(socket: KernelSocket) {
    this.#socket = socket;
  }

  /**
   * Carries out all or none. `refused`: an element to be deleted had timed out, or a set is not there any more. Throws
   * HS_BINDING_GATE for any other reason, and when the kernel's answer is lost.
   */
  tell(changes: SetChange[]): GateAnswer {
    if (changes.length === 0) return 'done';
    const sequence = this.#sequence;
    this.#sequence = (sequence + changes.length + 2) % 2 ** 31;
    const answers = this.#socket.exchange(setBatch(changes, sequence));
    const error = batchAnswer(answers, sequence, changes.length, ENOENT);
    if (error === 0) return 'done';
    if (error === ENOENT) return 'refused';
    const why = error === null ? 'it did not say whether it did' : getSystemErrorName(-error);
    throw new CodedError('HS_BINDING_GATE', `the kernel did not change the grant: ${why}`);
  }

  close(): void {
    this.#socket.close();
  }
}
