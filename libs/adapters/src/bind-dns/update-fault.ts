import { CodedError, type ErrorCode } from '@hotstandby/contracts';

/** What nsupdate says on standard error, first match first. A server's word about the signature comes before all else. */
const meanings: readonly [RegExp, ErrorCode, string][] = [
  [/could not read key/i, 'HS_DNS_KEY_FILE', 'nsupdate cannot read the key file'],
  [/BADTIME|clocks are unsynchronized/i, 'HS_DNS_CLOCK', "the server refuses the signature's time (BADTIME)"],
  [/BADKEY/, 'HS_DNS_KEY', 'the server does not know the key (BADKEY)'],
  [/BADSIG/, 'HS_DNS_KEY', 'the server has another secret or algorithm for the key (BADSIG)'],
  [/BADTRUNC/, 'HS_DNS_KEY', 'the server wants a longer signature (BADTRUNC)'],
  [/clock skew/i, 'HS_DNS_CLOCK', 'the clocks differ too much for a ticket (KRB_AP_ERR_SKEW)'],
  [/cannot contact any KDC|cannot find KDC/i, 'HS_DNS_KDC', 'no KDC gives a ticket for it'],
  [
    /not found in Kerberos database/i,
    'HS_DNS_TICKET',
    "the KDC knows no such DNS server (DNS/ and the host name in the zone's SOA record)",
  ],
  [/GSSAPI error/, 'HS_DNS_TICKET', 'Kerberos gives no ticket for it'],
  [/GSS-TSIG query was unsuccessful/, 'HS_DNS_TICKET', 'the server negotiates no keys by Kerberos (GSS-TSIG)'],
  [/TKEY|gssnegotiate/i, 'HS_DNS_TICKET', 'the server does not accept the ticket'],
  [/Communication with .* failed: REFUSED/, 'HS_DNS_ZONE', 'the server has not got the zone (REFUSED)'],
  [/specified zone .* does not exist/, 'HS_DNS_ZONE', 'the server has not got the zone'],
  [/NOTZONE/, 'HS_DNS_ZONE', 'the name is not in the zone (NOTZONE)'],
  [/NOTAUTH/, 'HS_DNS_ZONE', 'the server is not the primary of the zone (NOTAUTH)'],
  [/NOTIMP/, 'HS_DNS_ZONE', 'the server takes no updates (NOTIMP)'],
  [/REFUSED/, 'HS_DNS_REFUSED', 'the server refuses the update (REFUSED)'],
  [/[NY]XRRSET|[NY]XDOMAIN/, 'HS_DNS_CHANGED', 'the record beside the name is not the one that was read'],
  [/timed out/i, 'HS_DNS_TIMEOUT', 'no answer to the update'],
  [
    /Communication with .* failed|connection refused|unreachable/i,
    'HS_DNS_UNREACHABLE',
    'no connection for the update',
  ],
  [/update failed: SERVFAIL/, 'HS_DNS_FAILED', 'the update failed (SERVFAIL)'],
  [/tsig verify failure/i, 'HS_DNS_UNVERIFIED', "the signature of the server's answer does not verify"],
];

/**
 * The error that nsupdate's words mean, in words of ours: it quotes lines of files that it does not understand, and so it is
 * never quoted itself, but for the name of a response code.
 */
export function updateFault(server: string, stderr: string): CodedError {
  const [, code, message] = meanings.find(([pattern]) => pattern.test(stderr)) ?? [];
  if (code) return new CodedError(code, `${server}: ${message}`);
  const rcode = /update failed: ([A-Z]{3,12})\b/.exec(stderr)?.[1];
  return new CodedError('HS_DNS_FAILED', `${server}: the update failed (${rcode ?? 'nsupdate gives no reason'})`);
}
