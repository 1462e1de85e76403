import type { TdsAnswer } from './tds-peer.ts';

/** What a prepared store answers to everything but the lease's own statements. */
export function preparedStore(
  lease: (text: string) => TdsAnswer,
  different: { updateability?: string; cluster?: string } = {},
) {
  const { updateability = 'READ_WRITE', cluster = 'c' } = different;
  return (text: string): TdsAnswer => {
    if (text.includes("SERVERPROPERTY('ServerName')")) {
      return [
        {
          columns: ['server', 'machine', 'started', 'updateability', 'durability', 'fork'],
          rows: [['DB1', 'HOST1', '2026-11-21T08:00:00.123', updateability, 'DISABLED', null]],
        },
      ];
    }
    if (text.includes('AS [storeId]')) {
      return [{ columns: ['storeId', 'cluster', 'version', 'needs'], rows: [['store-1', cluster, '3', '1']] }];
    }
    if (text.includes('.lease_session (session_id)') || text.includes('DELETE FROM')) return [];
    return lease(text);
  };
}

const reignColumns = [
  'epoch',
  'holder',
  'holderIncarnation',
  'lastHolder',
  'standby',
  'standbyIncarnation',
  'membership',
  'handoverTo',
  'tenureEpoch',
  'timeline',
];

/** A view with one node and a lease that nobody ever held. */
export function emptyView(): TdsAnswer {
  return [
    {
      columns: [
        'nodeId',
        'name',
        'incarnation',
        'hostAddress',
        'consolePort',
        'natsPort',
        'lastCount',
        'serverRole',
        'standbyServerName',
        'version',
        'timeZone',
        'epoch',
        'remembersEpoch',
        'remembersMembership',
      ],
      rows: [
        [
          'id-a',
          'a',
          'a-1',
          '192.0.2.1',
          '8080',
          '4222',
          '9007199254740991',
          'STARTING',
          null,
          '0.1.0',
          'UTC',
          null,
          '7',
          '2',
        ],
      ],
    },
    { columns: reignColumns, rows: [['0', null, null, null, null, null, '0', null, '0', null]] },
    { columns: ['number', 'remainingMs', 'endsAt', 'operator', 'reason'], rows: [] },
  ];
}
