import { Resolver } from 'node:dns/promises';
import { CodedError, type ErrorCode } from '@hotstandby/contracts';
import type { NameView } from '@hotstandby/ports';
import { markerName } from './update-script.ts';

const meanings: Record<string, readonly [ErrorCode, string]> = {
  ETIMEOUT: ['HS_DNS_TIMEOUT', 'no answer'],
  ECONNREFUSED: ['HS_DNS_UNREACHABLE', 'nobody listens there'],
  EREFUSED: ['HS_DNS_ZONE', 'it refuses questions about the zone, as one does that has not got it'],
};
const absent = new Set(['ENODATA', 'ENOTFOUND']);

/** Asks one server itself, whatever the host's resolver or cache says. One attempt of `timeoutMs`. */
export async function lookUp(
  at: { address: string; port: number },
  name: string,
  timeoutMs: number,
): Promise<NameView> {
  const server = at.address.includes(':') ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`;
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  resolver.setServers([server]);
  const ask = async <Answer>(question: Promise<Answer[]>): Promise<Answer[]> => {
    try {
      return await question;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (absent.has(code)) return [];
      const [meaning, message] = meanings[code] ?? ['HS_DNS_FAILED', `it answers with an error (${code})`];
      throw new CodedError(meaning, `${server}: ${message}`);
    }
  };
  const [v4, v6, texts] = await Promise.all([
    ask(resolver.resolve4(name, { ttl: true })),
    ask(resolver.resolve6(name, { ttl: true })),
    ask(resolver.resolveTxt(markerName(name))),
  ]);
  return {
    markers: texts.map((chunks) => chunks.join('')),
    addresses: [...v4, ...v6].map(({ address, ttl }) => ({ address, ttlSeconds: ttl })),
  };
}
