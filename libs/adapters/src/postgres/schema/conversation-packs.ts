const keys = ['source_address', 'destination_address', 'protocol', 'port'];
const totals = ['flows', 'packets', 'octets'];

/** A column that says the same of all conversations of a pack has one element. */
const at = (name: string) => `coalesce(p.${name}[c.position], p.${name}[1])`;
const address = (name: string) => `'0.0.0.0'::inet + (${at(name)}::bigint & 4294967295)`;

/** Conversations of a minute and exporter become one row, as flows of a datagram do. A few, and those that are not between IPv4 addresses, stay rows. */
export function conversationPacks(s: string): string[] {
  const pack = `${s}.conversations_pack`;
  const arrays = [...keys, ...totals];
  const names = ['minute', 'exporter', ...keys];
  return [
    `create table ${pack} (
       minute timestamptz not null,
       epoch bigint not null,
       exporter inet,
       conversations integer not null constraint conversations_pack_conversations check (conversations between 1 and 256),
       source_address integer[] not null, destination_address integer[] not null, protocol smallint[] not null,
       port smallint[] not null, flows integer[] not null, packets bigint[] not null, octets bigint[] not null
     ) partition by range (minute)`,
    `create table ${pack}_rest partition of ${pack} default`,
    `create index conversations_pack_minute on ${pack} using brin (minute)`,
    `alter table ${pack} ${arrays.map((name) => `alter column ${name} set storage plain, alter column ${name} set statistics 0`).join(', ')}`,
    `create or replace view ${s}.conversations as
       select ${names.join(', ')}, ${totals.map((total) => `sum(${total}) as ${total}`).join(', ')} from (
         select ${[...names, ...totals].join(', ')} from ${s}.conversations_part
         union all
         select p.minute, p.exporter, ${address('source_address')}, ${address('destination_address')}, ${at('protocol')},
                (${at('port')}::integer & 65535), ${at('flows')}::bigint, ${at('packets')}, ${at('octets')}
         from ${pack} p
           cross join lateral (select generate_series(1, p.conversations) as position limit 256) c
       ) parts group by ${names.join(', ')}`,
    `comment on table ${pack} is 'Parts of conversations: each transaction adds its own, as arrays of a minute and exporter.'`,
    `comment on table ${pack}_rest is 'Rows of days that have no partition of their own.'`,
    `comment on column ${pack}.conversations is 'How many. An array has as many elements, or one where all are alike; unsigned numbers are in signed types.'`,
    `comment on table ${s}.conversations_part is 'Parts of conversations that are in no pack (few, or not between IPv4 addresses): each transaction adds its own.'`,
  ];
}
