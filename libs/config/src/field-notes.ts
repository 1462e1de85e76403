/**
 * What each field means, by its path: printed with its shape and default in `docs/configuration.md`. A test keeps this
 * list and the schema to the same fields.
 */
export const fieldNotes: Readonly<Record<string, string>> = {
  cluster: 'Id of the pair. Both nodes say the same; a store belongs to one cluster.',
  'node.name': 'Name of this node in the pair: its token in NATS subjects and in every event.',
  'node.kind':
    'Who was set up first. It never changes and says nothing about roles; at the very first start the primary claims first.',
  'node.address': 'The address by which the peer and people reach this node. Connections to the store leave from it.',
  'node.dataDir': 'Folder of `node.db`: id, highest epoch, journal. One process of the node holds a lock on it.',
  'peer.name': "The other node's `node.name`.",
  'peer.address': "The other node's `node.address`.",
  'link.port':
    'TCP port of the connection for promises: the primary listens, the secondary connects. The same on both nodes.',
  'link.keysDir': 'Folder with `ca.pem`, `leaf.pem` and `leaf-key.pem` of that connection; by default `nats.keysDir`.',
  profile: 'The timings, see below. Both nodes must have the same.',
  'timing.beatMs': 'Time between two beats.',
  'timing.leaseTtlMs': 'How long a grant lasts, from the sending of the beat that renewed it.',
  'timing.clockDrift': "How far the rate of a host's clock may be off, as a fraction: 0.01 is 1 %.",
  'timing.marginMs': 'The longest that a kernel timer may be late.',
  'timing.fenceLeadMs': "How long before the grant's end the active lets go.",
  'timing.statementTimeoutMs': 'When a lease statement to the store is given up.',
  'policy.enabled':
    'False: a single server without failover. The node that holds the lease (or the primary, at the first start) reigns alone, and nobody ever takes over from it.',
  'policy.failback':
    'Back to the primary: `manual`: when an operator says `hotstandby failback`. `automatic`: by itself. `never`: only with `--force`, or by a switchover.',
  'policy.failbackAfterSeconds':
    'With `automatic`: for how long the primary must have been a healthy registered standby without interruption.',
  'policy.criticalServices':
    'Services without which an active cannot do its job. What the configuration switches off does not count. `[]`: no hand-over by health.',
  'policy.healthHandOverAfterSeconds':
    'A critical service that has been failed or silent for so long makes the active hand over, when the standby is well.',
  'policy.minimumReignSeconds':
    'No node hands over by itself before it has been active for so long; doubled by each time that a node of the pair did so in the last six hours.',
  'policy.localRestarts':
    'So many restarts of a critical service within the window are waited for; one more, or unwell after the last of them, is a reason to hand over at once.',
  'policy.localRestartWindowSeconds': 'The window of the same.',
  'workload.checks':
    'How the arbiter sees whether the application that the pair protects does its job; all have to pass. See [operating](operating.md#the-application).',
  'workload.checks[].kind':
    '`tcp`: a port takes a connection. `http`: a URL answers. `process`: the process of a pid file runs. `program`: a program ends with 0.',
  'workload.checks[].name': 'Its name in events, metrics and the status.',
  'workload.checks[].everyMs': 'Time from one look to the next.',
  'workload.checks[].retryMs':
    'After a bad look of one that was well the next one comes so soon (never later than `everyMs`).',
  'workload.checks[].failures': 'So many looks in a row have to fail until the application counts as failed.',
  'workload.checks[].successes': 'So many have to pass until it counts as well again.',
  'workload.checks[].timeoutMs': 'A look without an answer for so long has failed.',
  'workload.checks[].host': 'Host name or address.',
  'workload.checks[].port': 'TCP port.',
  'workload.checks[].url': 'Asked by GET; the body is not read, a redirect not followed.',
  'workload.checks[].statuses': 'Good answers; `[]`: 200 to 399.',
  'workload.checks[].verifyCertificate': 'False: any certificate of the application is taken.',
  'workload.checks[].caFile': "CA of the application's certificate (PEM); by default those that Node.js knows.",
  'workload.checks[].pidFile':
    'File with the process id, of this node. In a container only with the process namespace of the host.',
  'workload.checks[].command':
    "The program (its whole path) and its arguments: no shell, no environment but PATH, with the arbiter's rights.",
  'store.url':
    'The database that both nodes reach, on a third machine: `postgresql://` or `mssql://`, see below. Without a password.',
  'store.passwordFile': "File with the database user's password.",
  'store.caFile':
    "CA of the store's certificate (PEM). PostgreSQL: with it the connection is TLS and verified, without it it is as `sslmode` says. SQL Server: always TLS and verified; without it by the CAs that Node.js knows.",
  'store.schema': 'SQL schema of every table; made at the first start.',
  'nats.url': "This node's own NATS server.",
  'nats.keysDir':
    'Folder with the nkey seeds of the services (`arbiter.nk`, ...) and the certificates of the leaf connection.',
  'nats.caFile': "CA of the NATS server's certificate (PEM), for `tls://`.",
  'nats.port': "Port that the node's row in the store names for its NATS server.",
  'http.address':
    'Address on which the services answer `/health` and `/metrics`, and the console its API; by default `node.address`.',
  'http.console': 'Port of the console.',
  'http.heartbeat': 'Port of heartbeat. 0 in this and the next ones: a free port, announced on the bus.',
  'http.arbiter': 'Port of the arbiter.',
  'http.network-binding': 'Port of network-binding.',
  'http.file-sync': 'Port of file-sync.',
  'http.collector': 'Port of the collector; 0 where several collectors share a host.',
  'http.notifier': 'Port of the notifier.',
  'binding.mode':
    '`vip`: the active has the addresses, the standby has not. `hostname`: a name in the DNS leads to the active. `none`: nothing follows the active.',
  'binding.addresses':
    "With `vip`: virtual addresses with the prefix length of their subnet, `192.0.2.100/24`. With `hostname`: this node's own addresses to which the name leads, by default `node.address`.",
  'binding.interface': '`auto`: the interface that has an address in the same subnet. With `vip` only.',
  'binding.name': 'The name that leads to the active. This and the next ones with `hostname` only.',
  'binding.zone': 'The zone that it is in.',
  'binding.ttlSeconds': 'For how long clients and resolvers may remember where it led.',
  'binding.servers':
    'Authoritative servers by address, `192.0.2.53` or `192.0.2.53:5353`: first the primary, which takes the updates; the others are read back, too.',
  'binding.tsig.name': 'Name of the TSIG key that signs the updates.',
  'binding.tsig.algorithm': 'Its algorithm.',
  'binding.tsig.keyFile':
    "File with the key as `tsig-keygen` writes it, readable for the service's user and nobody else.",
  'binding.kerberos.principal':
    'Instead of `tsig`, for Microsoft DNS: the account that signs the updates (GSS-TSIG), as `user@REALM`; the same on both nodes.',
  'binding.kerberos.passwordFile':
    "File with its password on the only line, readable for the service's user and nobody else. Either this or a keytab.",
  'binding.kerberos.keytabFile': 'File with its keys, with the same rights.',
  'binding.kerberos.kdcs':
    'Domain controllers (KDCs) by address, `192.0.2.10` or `192.0.2.10:88`; `[]`: those that `/etc/krb5.conf` and the DNS name.',
  'collector.enabled': 'Whether this node collects telemetry.',
  'collector.feed':
    'What devices send to, the same on both nodes: `dual`: to both nodes; `vip`: to the one address; `auto`: the virtual IP or hostname where there is one, else both nodes. It decides how a take-over tells what is stored from what is not.',
  'collector.mirror': 'With feed `vip`: this node keeps a copy of what the other one receives, in INGEST_PEER.',
  'collector.standby':
    '`hot`: a standby receives all along. `cold`: it opens its sockets only when it takes over, and what was sent to it before is lost.',
  'collector.catchUp':
    'What is stored first after an outage of the database: the `oldest`, or the `newest` with the rest behind it.',
  'collector.templates.store': 'The stream TEMPLATES on both NATS servers, or a Redis server that both nodes reach.',
  'collector.templates.url': 'Of Redis: `redis://host:6379/0`; `rediss://` for TLS.',
  'collector.templates.passwordFile': 'File with its password.',
  'collector.templates.caFile': 'CA of its certificate.',
  'collector.listenAddress':
    'Address of the telemetry ports; by default `node.address`. With a virtual IP: `0.0.0.0` or `::`.',
  'collector.syslogPorts': 'UDP ports for syslog.',
  'collector.syslogTcpPorts': 'TCP ports for syslog; by default those of `syslogPorts`. `[]`: none.',
  'collector.syslogTlsPorts': 'Ports for syslog over TLS (RFC 5425); they need `tls.certFile` and `tls.keyFile`.',
  'collector.trapPorts': 'UDP ports for SNMP traps.',
  'collector.flowPorts': 'UDP ports for NetFlow and IPFIX.',
  'collector.sflowPorts': 'UDP ports for sFlow.',
  'collector.sources.syslog':
    "Networks or addresses whose syslog is taken, by whichever transport; `[]`: everybody's. Others' is counted and told once an hour for each.",
  'collector.sources.traps': 'The same for SNMP.',
  'collector.sources.flows': 'The same for NetFlow, IPFIX and sFlow.',
  'collector.sourceLimits.syslogPerSecond':
    'So many messages a second are taken of one source (of IPv6: one /64); 0: all. Over TCP and TLS the sender is held back instead.',
  'collector.sourceLimits.trapsPerSecond': 'The same for SNMP.',
  'collector.sourceLimits.flowsPerSecond': 'The same for datagrams of NetFlow, IPFIX and sFlow.',
  'collector.sourceLimits.burstSeconds': "A source that was silent may send as much as this time's worth at once.",
  'collector.streams.maxMessageBytes': 'Longest message over TCP and TLS; of longer ones the beginning is stored.',
  'collector.streams.maxConnections': 'Connections over TCP and TLS at a time; further ones are closed at once.',
  'collector.streams.maxConnectionsPerSource': 'Of them from one source.',
  'collector.streams.idleSeconds': 'A connection that says nothing for so long is closed.',
  'collector.tls.certFile':
    'Certificate of the TLS ports with its chain (PEM). These files are read again when they change; what is connected stays.',
  'collector.tls.keyFile': 'Its private key (PEM).',
  'collector.tls.caFile': 'CAs whose certificates of senders are believed (PEM).',
  'collector.tls.clientCertificates':
    '`required`: only senders with a certificate of `caFile`. `optional`: a certificate that is shown must be one of it. `none`: none is asked for.',
  'collector.snmpUsers': 'Users of SNMP version 3 whose notifications are read.',
  'collector.snmpUsers[].name': 'Its name in the messages; several users with one name have other engines.',
  'collector.snmpUsers[].authProtocol':
    'How its messages are authenticated. Others that bear its name are not trusted.',
  'collector.snmpUsers[].authKeyFile': 'File with its authentication password, 8 octets or more.',
  'collector.snmpUsers[].privProtocol':
    "How they are encrypted. The longer keys of AES by Blumenthal's draft (net-snmp), with `-C` by Reeder's (Cisco).",
  'collector.snmpUsers[].privKeyFile': 'File with its privacy password, 8 octets or more.',
  'collector.snmpUsers[].engineId': 'In hex: counts for messages of this engine only.',
  'collector.snmpEngineId':
    "The SNMP engine that both nodes are for informs of version 3, in hex: the same on both. By default made from the cluster's name.",
  'collector.snmpEngineBoots':
    'Its boots, the same on both nodes. Raise it on both when senders refuse the time of the engine because a clock had been far ahead.',
  'collector.receiver':
    '`native`: batches by recvmmsg, compiled at set-up; `dgram`: one datagram a system call. `auto`: native where it is there.',
  'collector.receiveBufferBytes':
    'Asked of the kernel for each socket; without CAP_NET_ADMIN it gives no more than `net.core.rmem_max`.',
  'collector.frameDelayMs': 'Datagrams are gathered no longer than this before they are appended to INGEST.',
  'collector.ingest.maxBytes': 'Bound of the stream INGEST on disk; then the oldest go, counted and alarmed.',
  'collector.ingest.maxAgeSeconds': 'Bound of the same in age.',
  'collector.sinks': 'Where telemetry goes beside the store; each delivers at least once (docs/telemetry.md).',
  'collector.sinks[].type': 'What it is.',
  'collector.sinks[].kinds': 'What it gets.',
  'collector.sinks[].maxBytes': '`jetstream`: bound of the stream RECORDS; `file`: a file of this size is set aside.',
  'collector.sinks[].maxAgeSeconds': 'The same in age.',
  'collector.sinks[].path':
    'The file of JSON lines; those that were set aside stand beside it with the time behind their name.',
  'collector.sinks[].keepFiles': 'How many that were set aside are kept.',
  'collector.sinks[].fsync':
    '`always`: what is settled is on the disk; `never`: it is with the kernel, and outlives the process only.',
  'collector.sinks[].address': 'Of the software that gets the datagrams as they came.',
  'collector.sinks[].port': 'And its UDP port.',
  'collector.sinks[].source':
    '`original`: each comes from the address and port that it had (CAP_NET_RAW; else as `header`); `header`: a PROXY header (version 2) with its source is in front; `none`: it seems to come from this node.',
  'collector.rawFlows': 'Whether each flow is stored as it came; sums by minute are stored in any case.',
  'collector.retentionDays': 'What is stored is kept so long, whole days at a time.',
  'collector.retention.syslogDays': 'The same for syslog; by default `collector.retentionDays`.',
  'collector.retention.trapDays': 'The same for traps.',
  'collector.retention.flowDays': 'The same for flows as they came.',
  'collector.retention.minuteDays': 'The same for the sums of flows by minute.',
  'fileSync.enabled': 'Whether files follow the active. The fields below belong to `true`.',
  'fileSync.root': 'The folder whose selected files follow the active.',
  'fileSync.include.directories': 'Folders inside `root`; `.` is all of it.',
  'fileSync.include.files': 'Single files inside `root`.',
  'fileSync.exclude.directories': 'Folders to leave out.',
  'fileSync.exclude.files': 'Files to leave out.',
  'fileSync.intervalSeconds': "The old systems' BACKUP_INTERVAL. Changes on the active are brought at once besides.",
  'fileSync.sshPort': "TCP port of file-sync's own SSH server, on both nodes.",
  'fileSync.peerUser': 'The user that file-sync runs as on the peer; by default the same name as here.',
  'fileSync.keysDir':
    "Folder with `id` (this node's private key), `authorized` (the peer's public key), `host` and `known_hosts`.",
  'notifier.enabled': 'Whether alerts are mailed. The fields below belong to `true`.',
  'notifier.smtp.host': 'SMTP server.',
  'notifier.smtp.port': 'Its port.',
  'notifier.smtp.tls':
    '`required`: STARTTLS or nothing. `implicit`: TLS from the first byte. `none`: only for a relay on this host.',
  'notifier.smtp.user': 'User, where the server wants a login.',
  'notifier.smtp.passwordFile': 'File with its password.',
  'notifier.smtp.caFile': "CA of the server's certificate (PEM), when it is one of your own.",
  'notifier.from': 'Sender.',
  'notifier.to': 'Recipients: a list, or one text with commas between them.',
  'notifier.subjectPrefix': 'Begins every subject.',
  'notifier.alerts.takeover': 'Mails of take-overs, switchovers and activations.',
  'notifier.alerts.synchronisation': 'Mails of files that could not be brought, and of conflicts.',
  'notifier.alerts.selfMonitoring': 'Mails of a lost standby, a lost store, dropped telemetry, failed services.',
  'notifier.quietSeconds': 'The same kind of alert about the same thing is not sent again within this time.',
  'log.level': 'The least severe lines that are written.',
  'log.format': '`auto`: for people on a terminal, else JSON.',
};
