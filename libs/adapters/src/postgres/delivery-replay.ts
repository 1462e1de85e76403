import type { ReplayClaim, ReplayTurn } from '@hotstandby/ports';
import type { Session } from './session.ts';
import { storableText } from './text.ts';

/** Whoever has not renewed its turn for this long, by the store's clock, loses it to whoever asks. */
const lapsesAfter = `interval '4 s'`;

/** Takes, renews or ends the turn; a row that another one holds and renews stays as it is. */
export async function takeTurn(
  session: Session,
  timeoutMs: number,
  table: string,
  { nodeId, tenureEpoch, owner }: ReplayClaim,
  done: boolean,
): Promise<ReplayTurn> {
  const text = `insert into ${table} as r (node_id, tenure_epoch, owner, done) values ($1, $2, $3, $4)
    on conflict (node_id, tenure_epoch) do update
      set owner = excluded.owner, done = excluded.done, renewed_at = clock_timestamp()
      where not r.done and (r.owner = excluded.owner or r.renewed_at < clock_timestamp() - ${lapsesAfter})
    returning done`;
  const values = [storableText(nodeId), tenureEpoch, owner, done];
  const [taken] = await session.run<{ done: boolean }>({ name: 'take replay turn', text, values }, timeoutMs);
  if (taken) return taken.done ? 'done' : 'mine';
  const [held] = await session.run<{ done: boolean }>(
    { text: `select done from ${table} where node_id = $1 and tenure_epoch = $2`, values: values.slice(0, 2) },
    timeoutMs,
  );
  return held?.done ? 'done' : 'another';
}

/** In the transaction of a batch: true when the turn is still this owner's, and renews it. */
export async function holdsTurn(
  session: Session,
  timeoutMs: number,
  table: string,
  { nodeId, tenureEpoch, owner }: ReplayClaim,
): Promise<boolean> {
  const text = `update ${table} set renewed_at = clock_timestamp()
    where node_id = $1 and tenure_epoch = $2 and owner = $3 and not done returning 1 as held`;
  const values = [storableText(nodeId), tenureEpoch, owner];
  return (await session.run({ name: 'hold replay turn', text, values }, timeoutMs)).length > 0;
}
