import { lookup, reverse } from 'node:dns/promises';
import type { HostNames } from '@hotstandby/ports';

const timeoutMs = 3000;

/** As the programs of this host resolve names: its hosts file, its resolver, its caches. */
export const systemNames: HostNames = {
  addressesOf: (name) =>
    within(
      lookup(name, { all: true }).then(
        (found) => found.map(({ address }) => address),
        (error: unknown) => absent(error),
      ),
    ),
  namesOf: (address) => within(reverse(address).catch(absent)),
};

function absent(error: unknown): string[] {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (['ENOTFOUND', 'ENODATA', 'ENONAME'].includes(code)) return [];
  throw new Error(`the resolver answers with an error (${code || String(error)})`, { cause: error });
}

/** The host's own resolver may wait for tens of seconds. */
function within<Value>(answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the resolver does not answer within ${timeoutMs / 1000} s`)), timeoutMs);
  });
  return Promise.race([answer, limit]).finally(() => clearTimeout(timer));
}
