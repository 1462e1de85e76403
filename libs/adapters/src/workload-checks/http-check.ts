import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { WorkloadCheck } from '@hotstandby/ports';
import { withinLimit } from './limit.ts';
import { told } from './looked.ts';

export interface HttpCheckOptions {
  url: string;
  timeoutMs: number;
  /** Empty: 200 to 399. */
  statuses: readonly number[];
  verifyCertificate: boolean;
  caFile?: string | undefined;
}

/** The URL answers with a status that was agreed on. A redirect is an answer and is not followed; the body is not read. */
export function httpCheck({ url, timeoutMs, statuses, verifyCertificate, caFile }: HttpCheckOptions): WorkloadCheck {
  let giveUp = () => {};
  const isGood = (status: number) => (statuses.length > 0 ? statuses.includes(status) : status >= 200 && status < 400);
  return {
    look() {
      const limited = withinLimit(timeoutMs, (settle) => {
        const common = { agent: false, headers: { 'user-agent': 'hotstandby' } } as const;
        const asked = url.startsWith('https:')
          ? requestHttps(url, {
              ...common,
              rejectUnauthorized: verifyCertificate,
              ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
            })
          : requestHttp(url, common);
        asked.once('response', ({ statusCode = 0 }) =>
          settle({ well: isGood(statusCode), what: `answers ${statusCode}` }),
        );
        asked.on('error', (error) => settle({ well: false, what: told(error) }));
        asked.end();
        return () => asked.destroy();
      });
      giveUp = limited.giveUp;
      return limited.done;
    },
    close: () => giveUp(),
  };
}
