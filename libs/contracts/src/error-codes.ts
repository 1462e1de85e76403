/** Every error a person can meet: permanent codes, what each means and the cure. docs/errors.md is made from this list
 * (`npx vitest run --project unit libs/contracts --update`) and checked against it. */
export const errorCodes = {
  HS_CONFIG_MISSING: ['The configuration file cannot be read.', 'Give its path with --config or HOTSTANDBY_CONFIG.'],
  HS_CONFIG_INVALID: [
    'The configuration has fields that are wrong.',
    'Correct the named fields; `hotstandby check` tells.',
  ],
  HS_CONFIG_TIMING: ['Two timings contradict each other.', 'Keep the relation that the message names.'],
  HS_IMPORT_INVALID: [
    'A configuration of an older system cannot be taken over as it is.',
    'Correct the named lines; nothing was written.',
  ],
  HS_IMPORT_WRITE: ['The imported configuration cannot be written.', 'Check the folder, its owner and the free space.'],
  HS_CONTRACT: [
    'A message does not have the agreed shape.',
    'Run the same version on both nodes and for all services.',
  ],
  HS_DATA_LOCKED: [
    'Another process of this node holds the data directory.',
    'Stop it, or give this node its own directory.',
  ],
  HS_DATA_UNUSABLE: ['The data directory cannot be written.', 'Check the path, its owner and the free space.'],
  HS_STORE_UNREACHABLE: ['The store does not answer.', 'Check the URL, the network and that the database runs.'],
  HS_STORE_REFUSED: [
    'The store refuses the user, password or database.',
    'Check the credentials in the configuration.',
  ],
  HS_STORE_FOREIGN: [
    'The store belongs to another cluster, or is not the one this node was set up with.',
    'Check store.url and cluster; after a planned move of the store remove the node from its data directory.',
  ],
  HS_STORE_NEWER: ['The schema in the store was made by a newer program.', 'Upgrade this node.'],
  HS_STORE_READ_ONLY: ['The store takes no writes.', 'Point store.url at the writable server.'],
  HS_STORE_INSECURE: [
    'The store offers no TLS, or a certificate that does not verify: nothing secret was sent.',
    'Give the server a certificate and name its CA in store.caFile; if it has one, somebody may be in between.',
  ],
  HS_STORE_WENT_BACK: [
    'The store is older than what this node has seen: a restored backup or a lost replica.',
    'See docs/operating.md, "The store went back in time".',
  ],
  HS_NATS_UNREACHABLE: ["The node's NATS server does not answer.", 'Start it; services wait and go on by themselves.'],
  HS_NATS_REFUSED: [
    "The node's NATS server refuses the key of this service.",
    'Give the service the key that set-up made for it.',
  ],
  HS_PORT_IN_USE: ['A port is taken by another program.', 'Stop the other program or change the port.'],
  HS_PORT_FORBIDDEN: [
    'A port below 1024 needs a right that this process lacks.',
    'Use a higher port or give CAP_NET_BIND_SERVICE.',
  ],
  HS_WORKLOAD_FAILED: [
    'The application that the pair protects fails a check.',
    'Start it again, or correct the check in workload.checks. A standby whose own application is well takes over.',
  ],
  HS_SINK_FAILED: [
    'A sink of telemetry beside the store takes nothing; what comes waits in INGEST.',
    'Mend what the message names (space, rights, the NATS server), or take the sink out of collector.sinks.',
  ],
  HS_FORWARD_SOURCE: [
    'Telemetry cannot be forwarded under its original source addresses: each datagram has a PROXY header in front instead.',
    'Give the collector CAP_NET_RAW (and a C compiler to npm start), or set `source: header` and let the receiver read it.',
  ],
  HS_TELEMETRY_LOST: [
    'Telemetry was lost: in the kernel (receive buffer full), in memory (INGEST took nothing) or at the bounds of INGEST.',
    'In the kernel: raise net.core.rmem_max and collector.receiveBufferBytes; in memory: see the NATS server; at the bounds: raise collector.ingest.maxBytes.',
  ],
  HS_NATIVE_RECEIVER: [
    'The configuration asks for the native receiver, and it is not there or does not load.',
    'Install a C compiler (apt-get install gcc libc6-dev) and run npm start again, or set collector.receiver to auto.',
  ],
  HS_TLS_FILES: [
    'Certificate, key or CA of the TLS ports for telemetry cannot be used.',
    'Correct the files of collector.tls: PEM, readable for the collector, the key belonging to the certificate. They are read again by themselves.',
  ],
  HS_PORT_FAILED: ['A port cannot be listened on.', 'See the message; it is tried again by itself.'],
  HS_REDIS_UNREACHABLE: [
    'The Redis server does not answer, or refuses what it is asked.',
    'Check collector.templates and the server; until then templates are learned from what comes.',
  ],
  HS_NO_COPY: [
    'This node keeps no copy of what the other one receives.',
    'It does so with collector.feed: vip and collector.mirror: true.',
  ],
  HS_CLOCKS_APART: [
    "The wall clocks of the two nodes, or of a node and the store, are further apart than telemetry's bound.",
    'Set all of them by NTP. Nothing is lost or doubled meanwhile, but the times of records cannot be compared.',
  ],
  HS_ADDRESS_UNAVAILABLE: [
    'This host does not have the address to listen on.',
    'Correct the address in the configuration.',
  ],
  HS_BINDING_PERMISSION: [
    'This process may not change addresses.',
    'Run network-binding as root or with NET_ADMIN and NET_RAW.',
  ],
  HS_BINDING_TOOL: ['A program that binding needs is missing.', 'Install iproute2 and iputils-arping.'],
  HS_BINDING_INTERFACE: [
    'No interface is in the subnet of the virtual IP, or the named one is missing.',
    'Correct binding.interface or the address.',
  ],
  HS_BINDING_TAKEN: [
    'Another machine answers for the virtual IP.',
    'Take the address from it; this node does not fight for it.',
  ],
  HS_BINDING_FOREIGN: [
    'The virtual IP is on this host already and was not put there by hotstandby.',
    "Take it out of the host's own network configuration: only the active may have it, and hotstandby adds it itself.",
  ],
  HS_BINDING_GATE: [
    'The kernel cannot hold the grant for the virtual IP: a killed or frozen node may answer for it for some seconds.',
    'Install nftables and give network-binding NET_ADMIN.',
  ],
  HS_BINDING_LEFT: [
    'A virtual IP of an earlier configuration, or the rules by which the kernel held its grant, could not be removed from this host.',
    'Start network-binding once as root or with NET_ADMIN. Or by hand, as root: `ip address del`, and `nft delete table` for `arp` and `inet` `hotstandby/CLUSTER/NODE`; then delete bindings.json in node.dataDir.',
  ],
  HS_BINDING_LINK: [
    'The active has no link to the clients of the virtual IP.',
    'Look after cable, switch and interface; a healthy standby takes over.',
  ],
  HS_BINDING_FAILED: [
    'The kernel refused to add or remove an address.',
    'See the message; it is tried again every second.',
  ],
  HS_BINDING_SUBNET: [
    'The virtual IP, the interface and the other node do not agree about the subnet.',
    'Both nodes need an interface in the subnet of the virtual IP; run the preflight on the other node, too.',
  ],
  HS_DNS_TOOL: [
    'A program for updates of the DNS is missing: nsupdate, or with binding.kerberos kinit.',
    'Install bind9-dnsutils, and with binding.kerberos krb5-user.',
  ],
  HS_DNS_KEY_FILE: [
    'The TSIG key file cannot be read, is readable for others, or holds another key than the configured one.',
    "Give it owner and mode 0600 of the service's user; `tsig-keygen -a hmac-sha256 NAME` makes one.",
  ],
  HS_DNS_KEY: [
    'The DNS server does not know the TSIG key, or has another secret for it.',
    'Give server and node the same key: name, algorithm and secret.',
  ],
  HS_DNS_CLOCK: [
    'The clocks of this node and the DNS server, or the KDC, differ by more than five minutes.',
    'Set both clocks (NTP).',
  ],
  HS_DNS_REFUSED: [
    'The DNS server does not allow this key or account the update.',
    'Grant it A, AAAA and TXT on the names that docs/binding.md lists; in Microsoft DNS allow secure dynamic updates of the zone.',
  ],
  HS_DNS_OWNER: [
    'The records are there and belong to another account: in a secure zone only who made a record may change it.',
    'Use the same account on both nodes. Delete the name and the TXT record beside it, so that this account makes them itself, or give it full control of both (DNS Manager, properties, Security). On BIND: the update-policy.',
  ],
  HS_DNS_PASSWORD_FILE: [
    'The password file or keytab of the DNS account cannot be read, is readable for others, or is none.',
    "Give it owner and mode 0600 of the service's user, with the password on its only line.",
  ],
  HS_DNS_LOGIN: [
    'The KDC (domain controller) refuses the DNS account.',
    'Correct binding.kerberos: principal, password or keytab; unlock the account, and let its password not expire.',
  ],
  HS_DNS_KDC: [
    'No KDC (domain controller) of the realm answers.',
    'Start it, or correct binding.kerberos.kdcs; it is tried again, and tickets that are there are used until they end.',
  ],
  HS_DNS_TICKET: [
    'Kerberos gives no ticket for the DNS server, or the server does not accept it.',
    "The zone's SOA record must name the server as the realm knows it (DNS/host), and the server must do GSS-TSIG.",
  ],
  HS_DNS_UNVERIFIED: [
    "The signature of the DNS server's answer does not verify: whether it did as asked is read back.",
    'Nothing with Samba, whose answers are so. With others look who answers there.',
  ],
  HS_DNS_ZONE: [
    'The DNS server is not the primary of the zone, or the name is not in it.',
    'Correct binding.zone, or put the primary first in binding.servers.',
  ],
  HS_DNS_STALE: [
    'The name belongs to a newer epoch, so it was left alone.',
    'Nothing, when the other node is active. After the store was set up anew: delete the TXT record beside the name.',
  ],
  HS_DNS_FOREIGN: [
    'The TXT record beside the name was not written by this pair.',
    'Give the pair a name of its own, or delete that record.',
  ],
  HS_DNS_CHANGED: [
    'The records were changed by somebody else at the same moment.',
    'Nothing: they are read and tried again.',
  ],
  HS_DNS_UNREACHABLE: ['A DNS server is not there.', 'Start it, or correct binding.servers; it is tried again.'],
  HS_DNS_TIMEOUT: [
    'A DNS server does not answer in time.',
    'Look after the server and the network; it is tried again.',
  ],
  HS_DNS_BEHIND: [
    'A DNS server still gives the old records.',
    'Look after the transfer of the zone from the primary to it (NOTIFY, AXFR, IXFR).',
  ],
  HS_DNS_LEFT: [
    'A name of an earlier configuration still leads to this pair and could not be cleared.',
    'Mend what the message says (server, key file, right): it is tried again every ten seconds, and a server that does not answer is given up after ten minutes. Or delete the A and AAAA records of that name by hand.',
  ],
  HS_DNS_NAMES: [
    "This host's resolver says something else about a name or an address than was expected.",
    'Add A, AAAA and PTR records (or lines in /etc/hosts), and look after /etc/resolv.conf; the pair itself works without.',
  ],
  HS_DNS_FAILED: ['The DNS server answered with an error.', 'See the message and the log of the server.'],
  HS_SYNC_UNREACHABLE: [
    "The active's file transfer does not answer.",
    'Check the network and that file-sync runs on the active.',
  ],
  HS_SYNC_REFUSED: ["The active refuses this node's key.", 'Give both nodes the keys that set-up made.'],
  HS_SYNC_SPACE: ['Not enough free space for the synchronised files.', 'Free space on this node; nothing was changed.'],
  HS_SYNC_DIGEST: ['A transferred file does not have its digest.', 'It is tried again; if it repeats, check the disk.'],
  HS_SYNC_PATH: ['A path leads out of the synchronised folder.', 'Keep include and exclude inside fileSync.root.'],
  HS_SYNC_UNREADABLE: [
    'A file of the synchronised folder cannot be read or written.',
    'Check owner and permissions of the folder on both nodes.',
  ],
  HS_SYNC_EMPTY: [
    "The active's folder is suddenly empty, so nothing was removed here.",
    'Check that the folder is there (mounted) on the active; if it is meant to be empty, put one file into it.',
  ],
  HS_SYNC_STALE: [
    'The node that offers its files does not hold the newest epoch.',
    'Nothing was taken from it; it goes on by itself when the roles are settled.',
  ],
  HS_SYNC_TOOL: ['A program that file-sync needs is missing.', 'Install rsync, openssh-server and openssh-client.'],
  HS_MAIL_UNREACHABLE: ['The SMTP server does not answer.', 'Check notifier.smtp; the alert stays in the outbox.'],
  HS_MAIL_REFUSED: [
    'The SMTP server refuses the mail, its sender or a recipient.',
    'Correct notifier.from and notifier.to.',
  ],
  HS_MAIL_AUTH: ['The SMTP server refuses the user or password.', 'Correct notifier.smtp.user and its password file.'],
  HS_MAIL_TLS: [
    'The SMTP server offers no TLS, or a certificate that is not trusted.',
    'Correct notifier.smtp.tls, or name the CA in notifier.smtp.caFile.',
  ],
  HS_MAIL_PASSWORD: [
    "The SMTP password file cannot be read by the service's user.",
    'Check the path, owner and mode of notifier.smtp.passwordFile.',
  ],
  HS_SNMP_KEY: [
    "The key files of an SNMP user cannot be used; the user's messages are stored unread.",
    'Correct authKeyFile or privKeyFile of the user in collector.snmpUsers (path, owner, mode; 8 octets or more), then restart the collector.',
  ],
  HS_NOT_ACTIVE: ['This node is not active.', 'Ask the active node.'],
  HS_NO_STANDBY: ['There is no standby that could take over.', 'Start the other node and wait until it is registered.'],
  HS_PAUSED: [
    'The pair is paused.',
    'Wait for the end of the pause or end it with `hotstandby resume`; an operator may still `hotstandby switchover`.',
  ],
  HS_NOT_PAUSED: ['The pair is not paused.', 'Nothing has to be resumed.'],
  HS_FAILOVER_OFF: [
    'Failover is switched off on this node.',
    'Set policy.enabled to true on both nodes and restart their arbiters.',
  ],
  HS_FAILBACK_NEVER: [
    'The configuration says that the pair never fails back.',
    'Use --force, or `hotstandby switchover`, or change policy.failback.',
  ],
  HS_POLICY_MISMATCH: [
    'The two nodes are configured with different policies.',
    'Give both nodes the same `policy` and restart the arbiter of the one that changed.',
  ],
  HS_HOLDER_ALIVE: [
    'The active node gives signs of life, so nothing was taken from it.',
    'Use `hotstandby switchover`, or stop the active node first.',
  ],
  HS_BUSY: ['Another transition is under way.', 'Try again when it has ended.'],
  HS_SWITCHOVER_TIMEOUT: [
    'The standby did not take over in time; the lease was taken back.',
    'See `hotstandby history` for what it waited for.',
  ],
  HS_NO_ANSWER: ['The service that was asked does not answer.', 'See `hotstandby status` and the log of the service.'],
  HS_NOT_FOUND: ['There is nothing at this address.', 'See docs/cli.md and docs/operating.md for what there is.'],
  HS_TOO_MANY: ['As many readers as are allowed are connected.', 'Close one, or try again later.'],
  HS_INTERNAL: ['Something unexpected went wrong inside the program.', 'See the log of the service, and report it.'],
  HS_USAGE: ['The command line is not understood.', 'See --help.'],
} as const satisfies Record<string, readonly [meaning: string, cure: string]>;

export type ErrorCode = keyof typeof errorCodes;

/** An expected fault with its code; the cure is the list's unless a better one is known. */
export class CodedError extends Error {
  readonly code: ErrorCode;
  readonly cure: string;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; cure?: string }) {
    super(message, options);
    this.name = 'CodedError';
    this.code = code;
    this.cure = options?.cure ?? errorCodes[code][1];
  }
}
