import { z } from 'zod';
import { readDnsServer } from './dns-server.ts';
import { profiles, type ProfileName } from './profiles.ts';

const token = z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'letters, digits, - and _, 40 at most');
const port = z.int().min(1).max(65_535);
const path = z.string().min(1);
const positiveMs = z.int().positive();
const address = z.union([z.ipv4(), z.ipv6()], 'an IPv4 or IPv6 address');
const email = z.string().regex(/^[^\s@,;<>]+@[^\s@,;<>]+$/, 'an e-mail address');
const relativePath = z
  .string()
  .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))[^\0\n]+$/, 'relative, without .. (it must stay inside fileSync.root)');
const domainName = z
  .string()
  .max(200)
  .regex(
    /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/i,
    'a domain name without a dot at its end',
  );
const principal = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._$-]*(\/[A-Za-z0-9._-]+)?@[A-Z0-9][A-Z0-9.-]*$/, 'user@REALM, the realm in capitals');
const selection = z.strictObject({
  directories: z.array(relativePath).default([]),
  files: z.array(relativePath).default([]),
});

/** A secret is never in the file itself: its text comes from another file, readable by the service's user only. */
const secretFile = path;

/** A user of SNMP version 3 (RFC 3414). */
const snmpUser = z.strictObject({
  name: z.string().min(1).max(32),
  authProtocol: z.enum(['none', 'MD5', 'SHA', 'SHA-224', 'SHA-256', 'SHA-384', 'SHA-512']).default('none'),
  authKeyFile: secretFile.optional(),
  /** As net-snmp names them: AES-192 and AES-256 extend keys by Blumenthal's draft, with `-C` by Reeder's. */
  privProtocol: z.enum(['none', 'DES', 'AES', 'AES-192', 'AES-256', 'AES-192-C', 'AES-256-C']).default('none'),
  privKeyFile: secretFile.optional(),
  /** Only messages of this engine. */
  engineId: z
    .string()
    .regex(/^([0-9A-Fa-f]{2}){5,32}$/, '5 to 32 octets in hex')
    .optional(),
});

/** Whose datagrams are taken: networks or single addresses; none: everybody's. */
const sources = z
  .array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]))
  .max(10_000)
  .default([]);
/** Of one source; 0: as many as it sends. */
const perSecond = z.int().min(0).max(10_000_000).default(0);

const kinds = z
  .array(z.enum(['syslog', 'trap', 'flow']))
  .min(1)
  .default(['syslog', 'trap', 'flow']);

/** A place for telemetry beside the store. */
const telemetrySink = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('jetstream'),
    kinds,
    maxBytes: z.int().min(1_048_576).default(268_435_456),
    maxAgeSeconds: z.int().min(60).default(86_400),
  }),
  z.strictObject({
    type: z.literal('file'),
    path,
    kinds,
    maxBytes: z.int().min(65_536).default(268_435_456),
    maxAgeSeconds: z.int().min(60).default(86_400),
    keepFiles: z.int().min(0).max(10_000).default(10),
    fsync: z.enum(['always', 'never']).default('always'),
  }),
  z.strictObject({
    type: z.literal('forward'),
    address,
    port,
    kinds,
    source: z.enum(['original', 'header', 'none']).default('header'),
  }),
]);

const patience = {
  /** Unique; it stands in events and metrics. */
  name: token,
  everyMs: z.int().min(50).max(3_600_000).default(250),
  retryMs: z.int().min(10).max(3_600_000).default(100),
  failures: z.int().min(1).max(100).default(2),
  successes: z.int().min(1).max(100).default(2),
};
const timeoutMs = z.int().min(10).max(60_000).default(1000);

/** One way to see whether the managed application does its job. */
const workloadCheck = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tcp'),
    ...patience,
    timeoutMs,
    host: z.string().min(1).default('127.0.0.1'),
    port,
  }),
  z.strictObject({
    kind: z.literal('http'),
    ...patience,
    timeoutMs,
    url: z.string().regex(/^https?:\/\/[^\s/@]+(\/\S*)?$/, 'http://host:port/path, without a user'),
    /** None: 200 to 399. */
    statuses: z.array(z.int().min(100).max(599)).max(100).default([]),
    verifyCertificate: z.boolean().default(true),
    caFile: path.optional(),
  }),
  z.strictObject({ kind: z.literal('process'), ...patience, pidFile: path }),
  z.strictObject({
    kind: z.literal('program'),
    ...patience,
    timeoutMs,
    /** No shell: the program, then its arguments. */
    command: z.tuple(
      [z.string('the whole path of a program').startsWith('/', 'the whole path of a program')],
      z.string().max(4096),
      'a list: the whole path of a program, then its arguments',
    ),
  }),
]);

/** One node's configuration file. Every field that has a sensible default has it here. */
export const nodeConfigSchema = z.strictObject({
  /** Both nodes of a pair say the same. */
  cluster: token,
  node: z.strictObject({
    name: token,
    /** Who was set up first; never changes, says nothing about roles. */
    kind: z.enum(['primary', 'secondary']),
    /** The address by which the peer and people reach this node. */
    address,
    dataDir: path,
  }),
  peer: z.strictObject({ name: token, address }),
  /** The heartbeats' own connection for promises. */
  link: z
    .strictObject({
      /** The primary listens on it, the secondary connects to it: the same on both nodes. */
      port: port.default(7423),
      /** Folder with `ca.pem`, `leaf.pem` and `leaf-key.pem`; by default `nats.keysDir`. */
      keysDir: path.optional(),
    })
    .prefault({}),
  profile: z.enum(Object.keys(profiles) as [ProfileName, ...ProfileName[]]).default('standard'),
  /** Single timings that differ from the profile. */
  timing: z
    .strictObject({
      beatMs: positiveMs.optional(),
      leaseTtlMs: positiveMs.optional(),
      clockDrift: z.number().positive().optional(),
      marginMs: positiveMs.optional(),
      fenceLeadMs: positiveMs.optional(),
      statementTimeoutMs: positiveMs.optional(),
    })
    .prefault({}),
  /** When roles move by themselves, and when not. Both nodes say the same. */
  policy: z
    .strictObject({
      /** The seeds' NMS_BE_FAILOVER. False: a single server, nothing takes over from it. */
      enabled: z.boolean().default(true),
      failback: z.enum(['never', 'manual', 'automatic']).default('manual'),
      failbackAfterSeconds: z.int().min(1).max(604_800).default(300),
      criticalServices: z
        .array(z.enum(['network-binding', 'file-sync', 'collector', 'notifier', 'console', 'workload']))
        .max(6)
        .default(['collector', 'network-binding', 'workload']),
      healthHandOverAfterSeconds: z.int().min(1).max(86_400).default(10),
      minimumReignSeconds: z.int().min(1).max(86_400).default(60),
      localRestarts: z.int().min(0).max(100).default(2),
      localRestartWindowSeconds: z.int().min(10).max(86_400).default(60),
    })
    .prefault({}),
  /** The application that the pair protects: the monitoring server. Started and stopped by others, watched here. */
  workload: z.strictObject({ checks: z.array(workloadCheck).max(32).default([]) }).prefault({}),
  store: z.strictObject({
    /** Without a password. What it must say is checked by `readStoreUrl`. */
    url: z
      .string()
      .regex(/^(postgres(ql)?|mssql):\/\/[^\s]+$/, 'postgresql://user@host:port/database (or mssql://...)'),
    passwordFile: secretFile.optional(),
    /** CA of the store's certificate; with it the connection is TLS and verified. */
    caFile: path.optional(),
    schema: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,40}$/, 'a lower-case SQL name')
      .default('hotstandby'),
  }),
  nats: z.strictObject({
    url: z.string().regex(/^(nats|tls):\/\/[^\s]+$/, 'nats://host:port'),
    /** Folder with `<service>.nk`, the nkey seed of each service. */
    keysDir: path,
    caFile: path.optional(),
    /** The JetStream domain of the peer's server; its name by default. */
    port: port.default(4222),
  }),
  /** Where each service answers `/health` and `/metrics`; 0: a free port, announced on the bus (replicas). */
  http: z
    .strictObject({
      address: address.optional(),
      console: port.default(8080),
      heartbeat: z.int().min(0).max(65_535).default(8081),
      arbiter: z.int().min(0).max(65_535).default(8082),
      'network-binding': z.int().min(0).max(65_535).default(8083),
      'file-sync': z.int().min(0).max(65_535).default(8084),
      collector: z.int().min(0).max(65_535).default(8085),
      notifier: z.int().min(0).max(65_535).default(8086),
    })
    .prefault({}),
  binding: z
    .discriminatedUnion('mode', [
      z.strictObject({ mode: z.literal('none') }),
      z.strictObject({
        mode: z.literal('vip'),
        /** With the prefix length: `192.0.2.100/24`. */
        addresses: z
          .array(
            z.union([z.cidrv4(), z.cidrv6()], 'an IPv4 or IPv6 address with its prefix length, like 192.0.2.100/24'),
          )
          .min(1)
          .max(16),
        /** `auto`: the interface that has an address in the same subnet. */
        interface: z.string().min(1).max(15).default('auto'),
      }),
      z.strictObject({
        mode: z.literal('hostname'),
        name: domainName,
        zone: domainName,
        ttlSeconds: z.int().min(0).max(86_400).default(30),
        /** This node's own: `node.address` by default. */
        addresses: z.array(address).min(1).max(16).optional(),
        /** Authoritative servers by their addresses, the primary first. */
        servers: z
          .array(z.string().refine((text) => readDnsServer(text) !== null, 'an IP address, or one with a port'))
          .min(1)
          .max(16),
        /** Exactly one of `tsig` and `kerberos`. */
        tsig: z
          .strictObject({
            name: domainName,
            algorithm: z.enum(['hmac-sha256', 'hmac-sha384', 'hmac-sha512']).default('hmac-sha256'),
            /** As `tsig-keygen` writes it. */
            keyFile: secretFile,
          })
          .optional(),
        /** Microsoft DNS and its like (GSS-TSIG). Exactly one of the two files. */
        kerberos: z
          .strictObject({
            principal,
            passwordFile: secretFile.optional(),
            keytabFile: secretFile.optional(),
            /** By default as the host's own `krb5.conf` says. */
            kdcs: z
              .array(z.string().refine((text) => readDnsServer(text) !== null, 'an IP address, or one with a port'))
              .max(16)
              .default([]),
          })
          .optional(),
      }),
    ])
    .prefault({ mode: 'none' }),
  collector: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** What devices send to; the same on both nodes. `auto`: the virtual IP or hostname where there is one, else both nodes. */
      feed: z.enum(['auto', 'dual', 'vip']).default('auto'),
      /** Feed `vip` only: each node's server copies what the other one receives. */
      mirror: z.boolean().default(true),
      /** `cold`: a standby opens its sockets only when it takes over. */
      standby: z.enum(['hot', 'cold']).default('hot'),
      /** What is stored first when the database was away for long. */
      catchUp: z.enum(['oldest', 'newest']).default('oldest'),
      templates: z
        .discriminatedUnion('store', [
          z.strictObject({ store: z.literal('nats') }),
          z.strictObject({
            store: z.literal('redis'),
            url: z.string().regex(/^rediss?:\/\/[^\s@]+$/, 'redis://host:port/database, without a password'),
            passwordFile: secretFile.optional(),
            caFile: path.optional(),
          }),
        ])
        .prefault({ store: 'nats' }),
      listenAddress: address.optional(),
      syslogPorts: z.array(port).default([5514]),
      syslogTcpPorts: z.array(port).optional(),
      syslogTlsPorts: z.array(port).default([]),
      trapPorts: z.array(port).default([1162]),
      flowPorts: z.array(port).default([2055, 4739]),
      sflowPorts: z.array(port).default([6343]),
      sources: z.strictObject({ syslog: sources, traps: sources, flows: sources }).prefault({}),
      sourceLimits: z
        .strictObject({
          syslogPerSecond: perSecond,
          trapsPerSecond: perSecond,
          flowsPerSecond: perSecond,
          burstSeconds: z.int().min(1).max(60).default(2),
        })
        .prefault({}),
      /** Of syslog over TCP and TLS. */
      streams: z
        .strictObject({
          maxMessageBytes: z.int().min(1024).max(65_535).default(65_535),
          maxConnections: z.int().min(1).max(100_000).default(1024),
          maxConnectionsPerSource: z.int().min(1).max(100_000).default(64),
          idleSeconds: z.int().min(10).max(604_800).default(3600),
        })
        .prefault({}),
      tls: z
        .strictObject({
          certFile: path.optional(),
          keyFile: secretFile.optional(),
          /** Whose certificates of senders are believed. */
          caFile: path.optional(),
          clientCertificates: z.enum(['none', 'optional', 'required']).default('none'),
        })
        .prefault({}),
      snmpUsers: z.array(snmpUser).max(1000).default([]),
      snmpEngineId: z
        .string()
        .regex(/^(?!0*$|[fF]*$)([0-9A-Fa-f]{2}){5,32}$/, '5 to 32 octets in hex')
        .optional(),
      snmpEngineBoots: z.int().min(1).max(2_147_483_646).default(1),
      receiver: z.enum(['auto', 'native', 'dgram']).default('auto'),
      receiveBufferBytes: z.int().min(65_536).default(16_777_216),
      /** A frame goes to INGEST when it is this old, or full. */
      frameDelayMs: z.int().min(1).max(1000).default(10),
      ingest: z
        .strictObject({
          maxBytes: z.int().min(16_777_216).default(1_073_741_824),
          maxAgeSeconds: z.int().min(60).default(3600),
        })
        .prefault({}),
      /** Where telemetry goes beside the store. */
      sinks: z.array(telemetrySink).max(8).default([]),
      /** False: flows are stored as sums by minute only, and what could not be read. */
      rawFlows: z.boolean().default(true),
      retentionDays: z.int().min(1).default(30),
      retention: z
        .strictObject({
          syslogDays: z.int().min(1).optional(),
          trapDays: z.int().min(1).optional(),
          flowDays: z.int().min(1).optional(),
          minuteDays: z.int().min(1).optional(),
        })
        .prefault({}),
    })
    .prefault({}),
  fileSync: z
    .discriminatedUnion('enabled', [
      z.strictObject({ enabled: z.literal(false) }),
      z.strictObject({
        enabled: z.literal(true),
        /** The folder whose selected files follow the active. */
        root: path,
        include: selection.prefault({}),
        exclude: selection.prefault({}),
        /** The seeds' BACKUP_INTERVAL; changes on the active are brought at once besides. */
        intervalSeconds: z.int().min(1).default(600),
        sshPort: port.default(10_022),
        /** The user that file-sync runs as on the peer; the same name as here by default. */
        peerUser: z
          .string()
          .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, 'a user name')
          .optional(),
        /** Folder with `id` (this node's private key), `authorized` (the peer's public key), `host` and `known_hosts`. */
        keysDir: path,
      }),
    ])
    .prefault({ enabled: false }),
  notifier: z
    .discriminatedUnion('enabled', [
      z.strictObject({ enabled: z.literal(false) }),
      z.strictObject({
        enabled: z.literal(true),
        smtp: z.strictObject({
          host: z.string().min(1),
          port: port.default(587),
          /** `required`: STARTTLS or nothing; `implicit`: TLS from the first byte; `none`: only for a relay on this host. */
          tls: z.enum(['required', 'implicit', 'none']).default('required'),
          user: z.string().optional(),
          passwordFile: secretFile.optional(),
          caFile: path.optional(),
        }),
        from: email,
        /** Comma-separated in the seeds; both forms are taken. */
        to: z.preprocess(
          (value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
          z.array(email).min(1).max(50),
        ),
        subjectPrefix: z.string().max(100).default('[hotstandby]'),
        /** Which alerts are sent. */
        alerts: z
          .strictObject({
            takeover: z.boolean().default(true),
            synchronisation: z.boolean().default(true),
            selfMonitoring: z.boolean().default(true),
          })
          .prefault({}),
        /** The same kind of alert about the same thing is not sent again within this time. */
        quietSeconds: z.int().min(0).default(300),
      }),
    ])
    .prefault({ enabled: false }),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      /** `auto`: for people on a terminal, else JSON. */
      format: z.enum(['json', 'pretty', 'auto']).default('auto'),
    })
    .prefault({}),
});

export type NodeConfigFile = z.infer<typeof nodeConfigSchema>;
