// Numbers of 32 and 16 bits are kept in the signed types of as many octets, and read as what they are.
const words = ['source_address', 'destination_address', 'next_hop', 'input_interface', 'output_interface', 'source_as', 'destination_as', 'source_prefix', 'destination_prefix']; // prettier-ignore
const halves = ['source_port', 'destination_port', 'tcp_flags', 'protocol', 'tos'];
const counters = ['packets', 'octets'];
const times = ['start_at', 'end_at'];
const arrays = [...words, ...halves, ...counters, ...times];

const typed = (names: readonly string[], type: string) => names.map((name) => `${name} ${type}[]`).join(', ');
/** A column that says the same of all flows of a pack has one element. */
const at = (name: string) => `coalesce(p.${name}[f.position], p.${name}[1])`;
const word = (name: string) => `(${at(name)}::bigint & 4294967295)`;
const address = (name: string) => `'0.0.0.0'::inet + ${word(name)}`;
const half = (name: string) => `(${at(name)}::integer & 65535)`;
const time = (name: string) => `nullif(${at(name)}, '-infinity')`;

/**
 * The flows of a datagram become one row, with an array for each column: a row each cost the database ten times as much. What
 * came as records stays rows. `flow_record`, which was a table of rows, shows both.
 */
export function flowPacks(s: string): string[] {
  return [...rowsRenamed(s), ...packs(s), ...view(s)];
}

function rowsRenamed(s: string): string[] {
  const literal = s.replaceAll("'", "''");
  return [
    `alter table ${s}.flow_record rename to flow_row`,
    `alter index ${s}.flow_record_received_at rename to flow_row_received_at`,
    `alter index ${s}.flow_record_rest_received_at rename to flow_row_rest_received_at`,
    `do $$ declare part text; begin
       for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
                   where i.inhparent = '${literal}.flow_row'::regclass loop
         execute 'alter table ${literal}.' || quote_ident(part) || ' rename to '
                 || quote_ident('flow_row' || substr(part, length('flow_record') + 1));
       end loop;
     end $$`,
    `comment on table ${s}.flow_row is 'Flows that came one by one (sFlow, IPv6, what could not be read), or nearly so. A partition a day of received_at.'`,
  ];
}

function packs(s: string): string[] {
  const pack = `${s}.flow_pack`;
  return [
    `create table ${pack} (
       id bigint not null default nextval('${s.replaceAll("'", "''")}.flow_record_id'),
       epoch bigint not null,
       received_at timestamptz not null,
       exporter inet,
       version smallint,
       observation_domain bigint,
       flows integer not null constraint flow_pack_flows check (flows between 1 and 128),
       ${typed(words, 'integer')}, ${typed(halves, 'smallint')}, ${typed(counters, 'bigint')}, ${typed(times, 'timestamptz')},
       extra jsonb[],
       altered text,
       stored_at timestamptz not null default statement_timestamp()
     ) partition by range (received_at)`,
    `create table ${pack}_rest partition of ${pack} default`,
    `create index flow_pack_received_at on ${pack} (received_at)`,
    // Compressing would cost more than it saves, and statistics of elements are of no use to anybody.
    `alter table ${pack} ${arrays.map((name) => `alter column ${name} set storage plain, alter column ${name} set statistics 0`).join(', ')},
       alter column extra set storage external, alter column extra set statistics 0, alter column altered set storage external`,
    `alter table ${pack}_rest set (toast_tuple_target = 8160)`,
    `comment on table ${pack} is 'Flows of one datagram and template as arrays; flow_record shows them one by one. A partition a day of received_at.'`,
    `comment on table ${pack}_rest is 'Rows of days that have no partition of their own.'`,
    `comment on column ${pack}.flows is 'How many. An array has as many elements, or one where all are alike; unsigned numbers are in signed types; -infinity: no time.'`,
  ];
}

function view(s: string): string[] {
  const alike = ['exporter', 'version', 'observation_domain'];
  const columns: [string, string][] = [
    ...['id', 'epoch', 'received_at', ...alike].map((name): [string, string] => [name, `p.${name}`]),
    ...['source_address', 'destination_address'].map((name): [string, string] => [name, address(name)]),
    ...['source_port', 'destination_port'].map((name): [string, string] => [name, half(name)]),
    ['protocol', at('protocol')],
    ...counters.map((name): [string, string] => [name, at(name)]),
    ...times.map((name): [string, string] => [name, time(name)]),
    ...['input_interface', 'output_interface'].map((name): [string, string] => [name, word(name)]),
    ['tcp_flags', half('tcp_flags')],
    ['tos', at('tos')],
    ['extra', at('extra')],
    ['malformed', 'null::text'],
    ['raw', 'null::bytea'],
    ['altered', 'p.altered'],
    ['stored_at', 'p.stored_at'],
    ['next_hop', address('next_hop')],
    ...['source_as', 'destination_as', 'source_prefix', 'destination_prefix'].map((name): [string, string] => [name, word(name)]),
  ]; // prettier-ignore
  const names = columns.map(([name]) => name).join(', ');
  const record = `${s}.flow_record`;
  return [
    // In order: so the newest are found without reading all packs. A limit that none reaches tells the planner how many flows to expect.
    `create view ${record} as
       select ${names}, 1 as position from ${s}.flow_row
       union all
       (select ${columns.map(([name, from]) => `${from} as ${name}`).join(', ')}, f.position
        from ${s}.flow_pack p cross join lateral (select generate_series(1, p.flows) as position limit 128) f
        order by p.received_at desc)`,
    `comment on view ${record} is 'Flows (NetFlow v5 and v9, IPFIX as version 10), sFlow as version 105: those of flow_row, and those of flow_pack one by one.'`,
    `comment on column ${record}.id is 'Of the row or of the pack; with position that of the flow.'`,
    `comment on column ${record}.epoch is 'The reign under which the row was stored.'`,
    `comment on column ${record}.received_at is 'By the clock of the node whose socket it came to.'`,
    `comment on column ${record}.protocol is 'IANA number: 1 ICMP, 6 TCP, 17 UDP.'`,
    `comment on column ${record}.extra is 'Everything else the exporter sent, by IANA name.'`,
    `comment on column ${record}.malformed is 'What is wrong with the datagram; then raw holds it as it came.'`,
    `comment on column ${record}.altered is 'Values that this table cannot hold, in words; their columns are empty.'`,
    `comment on column ${record}.stored_at is 'By the clock of the store.'`,
    `comment on column ${record}.position is 'Which flow of its pack it is, from 1.'`,
  ];
}
