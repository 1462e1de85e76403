const totals = ['flows', 'packets', 'octets'] as const;

interface MinuteTable {
  name: string;
  keys: [name: string, type: string][];
  sentence: string;
}

const tables: MinuteTable[] = [
  {
    name: 'traffic',
    keys: [
      ['input_interface', 'bigint'],
      ['output_interface', 'bigint'],
    ],
    sentence: 'Flows by minute, exporter and interfaces.',
  },
  {
    name: 'applications',
    keys: [
      ['protocol', 'smallint'],
      ['port', 'integer'],
    ],
    sentence: 'Flows by minute, exporter and application: the protocol and the lower of both ports.',
  },
  {
    name: 'conversations',
    keys: [
      ['source_address', 'inet'],
      ['destination_address', 'inet'],
      ['protocol', 'smallint'],
      ['port', 'integer'],
    ],
    sentence: 'Flows by minute, exporter, both addresses and application.',
  },
];

/**
 * Every transaction that stores flows adds rows to the `_part` tables; the views add them up. So no row is ever updated, no
 * transaction waits for another one, and what is rolled back leaves nothing behind.
 */
export function trafficTables(s: string): string[] {
  return tables.flatMap(({ name, keys, sentence }) => {
    const part = `${s}.${name}_part`;
    const columns = keys.map(([key, type]) => `${key} ${type} not null`).join(', ');
    const names = ['minute', 'exporter', ...keys.map(([key]) => key)];
    const sums = totals.map((total) => `sum(${total}) as ${total}`).join(', ');
    return [
      `create table ${part} (minute timestamptz not null, epoch bigint not null, exporter inet, ${columns},
         flows bigint not null, packets bigint not null, octets bigint not null) partition by range (minute)`,
      `create table ${part}_rest partition of ${part} default`,
      `create index ${name}_part_minute on ${part} using brin (minute)`,
      `create view ${s}.${name} as select ${names.join(', ')}, ${sums} from ${part} group by ${names.join(', ')}`,
      `comment on table ${part} is 'Parts of ${name}: each transaction adds its own.'`,
      `comment on table ${part}_rest is 'Rows of days that have no partition of their own.'`,
      `comment on view ${s}.${name} is '${sentence} Minutes are of reception; 0 where the exporter says nothing.'`,
    ];
  });
}
