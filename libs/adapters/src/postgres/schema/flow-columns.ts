/** What nearly every flow has, out of `extra`. Rows that are there keep what they have in it. */
export function flowColumns(s: string): string[] {
  return [
    `alter table ${s}.flow_record add column next_hop inet, add column source_as bigint, add column destination_as bigint,
       add column source_prefix bigint, add column destination_prefix bigint`,
    `comment on column ${s}.flow_record.next_hop is 'ipNextHopIPv4Address.'`,
    `comment on column ${s}.flow_record.source_as is 'bgpSourceAsNumber.'`,
    `comment on column ${s}.flow_record.destination_as is 'bgpDestinationAsNumber.'`,
    `comment on column ${s}.flow_record.source_prefix is 'sourceIPv4PrefixLength.'`,
    `comment on column ${s}.flow_record.destination_prefix is 'destinationIPv4PrefixLength.'`,
  ];
}
