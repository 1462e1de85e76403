import { StoreError } from '@hotstandby/ports';
import type { Row } from './session.ts';

export interface ServerFacts {
  /** Which server process: its name and its start, so another one after a restart or when a replica took over. */
  incarnation: string;
  /**
   * The recovery fork of the database: another one after a restore and after a failover that may have lost commits. Where the
   * login may not see it (`VIEW ANY DEFINITION`), the server's name: then every failover to another replica counts as one that
   * may have. A connection lives on one fork: a restore and a failover end all.
   */
  timeline: string;
  readOnly: boolean;
  /** The database acknowledges commits before they are on disk, whatever a session asks for. */
  forgetful: boolean;
}

export const unknownFacts: ServerFacts = { incarnation: '?', timeline: '?', readOnly: false, forgetful: false };

/**
 * The settings of a session, then what the server says of itself. Read committed, because beat and claim rely on an update that
 * sees what it waited for; `tempdb` is made anew at every start of the server, and every login may see when.
 */
export function factsStatement(lockTimeoutMs: number): string {
  return `
SET NOCOUNT ON;
SET XACT_ABORT ON;
SET IMPLICIT_TRANSACTIONS OFF;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET LOCK_TIMEOUT ${Math.trunc(lockTimeoutMs)};
DECLARE @fork nvarchar(40);
IF OBJECT_ID(N'sys.database_recovery_status') IS NOT NULL
  EXEC sp_executesql N'SELECT @f = CONVERT(nvarchar(40), r.recovery_fork_guid)
    FROM sys.database_recovery_status AS r WHERE r.database_id = DB_ID()', N'@f nvarchar(40) OUTPUT', @f = @fork OUTPUT;
SELECT
  CONVERT(nvarchar(256), SERVERPROPERTY('ServerName')) AS [server],
  CONVERT(nvarchar(256), SERVERPROPERTY('ComputerNamePhysicalNetBIOS')) AS [machine],
  (SELECT CONVERT(nvarchar(40), t.create_date, 126) FROM sys.databases AS t WHERE t.name = N'tempdb') AS [started],
  CONVERT(nvarchar(40), DATABASEPROPERTYEX(DB_NAME(), 'Updateability')) AS [updateability],
  (SELECT d.delayed_durability_desc FROM sys.databases AS d WHERE d.database_id = DB_ID()) AS [durability],
  @fork AS [fork];`;
}

export function factsOf(row: Row | undefined): ServerFacts {
  if (!row) throw new StoreError('unreachable', 'the server says nothing of itself');
  const said = (name: string) => (typeof row[name] === 'string' ? row[name] : null);
  const fork = said('fork');
  return {
    incarnation: [said('server'), said('machine'), said('started')].map((part) => part ?? '?').join('/'),
    timeline: fork === null ? `server ${said('server') ?? '?'}` : `fork ${fork}`,
    readOnly: said('updateability') === 'READ_ONLY',
    forgetful: said('durability') === 'FORCED',
  };
}
