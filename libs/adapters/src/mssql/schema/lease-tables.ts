/** One order and one meaning of `=` for ids on every server, whatever its collation: exact. */
const exact = 'COLLATE Latin1_General_100_BIN2';
const id = `nvarchar(200) ${exact}`;
const now = 'DEFAULT SYSUTCDATETIME()';

/**
 * Tables of the lease, one statement each. Names and meaning of the seeds' columns are theirs (`BEFailOver`); the same as
 * on PostgreSQL, whose comments say what each is, and `lease_session`, which is explained in `lease-statements.ts`.
 */
export function leaseTables(s: string): string[] {
  return [
    `CREATE TABLE ${s}.[identity] (
       only_row bit NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
       store_id ${id} NOT NULL,
       cluster ${id} NOT NULL,
       format_version int NOT NULL,
       created_at datetime2(3) NOT NULL ${now}
     )`,
    `CREATE TABLE ${s}.reign (
       cluster ${id} NOT NULL PRIMARY KEY,
       epoch bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0),
       holder ${id} NULL,
       holder_incarnation ${id} NULL,
       last_holder ${id} NULL,
       standby ${id} NULL,
       standby_incarnation ${id} NULL,
       membership bigint NOT NULL DEFAULT 0,
       handover_to ${id} NULL,
       tenure_epoch bigint NOT NULL DEFAULT 0,
       timeline ${id} NULL,
       changed_at datetime2(3) NOT NULL ${now},
       CHECK ((holder IS NULL AND holder_incarnation IS NULL) OR (holder IS NOT NULL AND holder_incarnation IS NOT NULL)),
       CHECK ((standby IS NULL AND standby_incarnation IS NULL) OR (standby IS NOT NULL AND standby_incarnation IS NOT NULL))
     )`,
    `CREATE TABLE ${s}.befailover (
       node_id ${id} NOT NULL PRIMARY KEY,
       name ${id} NOT NULL,
       incarnation ${id} NOT NULL,
       hostaddress ${id} NOT NULL,
       nmsbeport int NOT NULL,
       rmiregistryport int NOT NULL,
       lastcount bigint NOT NULL DEFAULT 0,
       serverrole ${id} NOT NULL,
       standbyservername ${id} NULL,
       version ${id} NOT NULL,
       time_zone ${id} NOT NULL,
       epoch bigint NULL,
       remembers_epoch bigint NOT NULL DEFAULT 0,
       remembers_membership bigint NOT NULL DEFAULT 0,
       entered_at datetime2(3) NOT NULL ${now},
       beaten_at datetime2(3) NOT NULL ${now}
     )`,
    `CREATE TABLE ${s}.lease_session (
       session_id ${id} NOT NULL PRIMARY KEY,
       opened_at datetime2(3) NOT NULL ${now},
       used_at datetime2(3) NOT NULL ${now}
     )`,
    `CREATE TABLE ${s}.pause (
       only_row bit NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
       number bigint NOT NULL,
       for_ms bigint NOT NULL CHECK (for_ms >= 0),
       ends_at datetime2(3) NOT NULL,
       [operator] nvarchar(max) NOT NULL,
       reason nvarchar(max) NOT NULL,
       changed_at datetime2(3) NOT NULL ${now}
     )`,
    `CREATE TABLE ${s}.[transition] (
       id ${id} NOT NULL PRIMARY KEY,
       [at] datetime2(3) NOT NULL,
       epoch bigint NOT NULL,
       node ${id} NOT NULL,
       node_id ${id} NOT NULL,
       from_role ${id} NOT NULL,
       to_role ${id} NOT NULL,
       [rule] ${id} NOT NULL,
       evidence nvarchar(max) NOT NULL,
       [operator] nvarchar(max) NULL,
       stored_at datetime2(3) NOT NULL ${now}
     )`,
    `CREATE INDEX transition_at ON ${s}.[transition] ([at])`,
  ];
}
