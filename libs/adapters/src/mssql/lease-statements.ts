import { quoteName } from './quote.ts';
import { ownErrors } from './faults.ts';

/**
 * The statements of the lease: one batch each, so that one message is one transaction and a client that is frozen or cut off
 * holds no lock. Everything that differs is a parameter. In every transaction locks are taken in one order: the session's own
 * row, rows of `befailover` by node id, then `reign`. All of it holds under READ COMMITTED with and without
 * READ_COMMITTED_SNAPSHOT: a decision is never made on what a SELECT showed before the row was locked by an UPDATE, and an UPDATE
 * that had to wait judges the row as it is then.
 *
 * `lease_session` settles statements of unknown outcome. Each connection puts a row of its own there, each statement changes that
 * row first, and a connection that follows one with an unknown statement deletes the other's row before it does anything
 * else: that waits for a transaction under way, and whatever of the old connection comes later finds no row and does nothing.
 * No right to end others' sessions is needed, and a session that the server does not know to be dead holds nothing up.
 */
export function leaseStatements(schema: string) {
  const s = quoteName(schema);
  return {
    view: view(s),
    openSession: `INSERT INTO ${s}.lease_session (session_id) VALUES (@session);`,
    endSession: `DELETE FROM ${s}.lease_session WHERE session_id = @ended;`,
    forgetSessions: `DELETE FROM ${s}.lease_session WITH (READPAST) WHERE used_at < DATEADD(day, -7, SYSUTCDATETIME());`,
    enter: enter(s),
    beat: beat(s),
    claim: claim(s),
    register: register(s),
    readopt: readopt(s),
    release: release(s),
    pause: pause(s),
  };
}

const reignColumns = `epoch, holder, holder_incarnation, last_holder, standby, standby_incarnation, membership, handover_to, tenure_epoch, timeline`;
const afterTable = `DECLARE @after TABLE (epoch bigint, holder nvarchar(200), holder_incarnation nvarchar(200), last_holder nvarchar(200),
  standby nvarchar(200), standby_incarnation nvarchar(200), membership bigint, handover_to nvarchar(200), tenure_epoch bigint, timeline nvarchar(200));`;
const outputAfter = `OUTPUT ${reignColumns
  .split(', ')
  .map((column) => `inserted.${column}`)
  .join(', ')} INTO @after (${reignColumns})`;

function reignOf(table: string): string {
  return `SELECT r.epoch AS [epoch], r.holder AS [holder], r.holder_incarnation AS [holderIncarnation], r.last_holder AS [lastHolder],
  r.standby AS [standby], r.standby_incarnation AS [standbyIncarnation], r.membership AS [membership],
  r.handover_to AS [handoverTo], r.tenure_epoch AS [tenureEpoch], r.timeline AS [timeline] FROM ${table} AS r;`;
}

/**
 * Three looks, each holding one lock at a time, so they deadlock with nobody. Rows first, so that no row remembers a reign that the
 * view does not show; the pause last, so that no view shows a membership that a pause has raised without that pause. What
 * changes between them makes `reign` differ from what a claim compares.
 */
function view(s: string): string {
  return `SELECT b.node_id AS [nodeId], b.name AS [name], b.incarnation AS [incarnation], b.hostaddress AS [hostAddress],
  b.nmsbeport AS [consolePort], b.rmiregistryport AS [natsPort], b.lastcount AS [lastCount], b.serverrole AS [serverRole],
  b.standbyservername AS [standbyServerName], b.version AS [version], b.time_zone AS [timeZone], b.epoch AS [epoch],
  b.remembers_epoch AS [remembersEpoch], b.remembers_membership AS [remembersMembership]
 FROM ${s}.befailover AS b ORDER BY b.name, b.node_id;
${reignOf(`${s}.reign`)}
SELECT p.number AS [number], CASE WHEN l.left_ms < 0 THEN 0 WHEN l.left_ms > p.for_ms THEN p.for_ms ELSE l.left_ms END AS [remainingMs],
  CONVERT(nvarchar(23), p.ends_at, 126) + N'Z' AS [endsAt], p.[operator] AS [operator], p.reason AS [reason]
 FROM ${s}.pause AS p CROSS APPLY (SELECT DATEDIFF_BIG(millisecond, SYSUTCDATETIME(), p.ends_at) AS left_ms) AS l;`;
}

/** An error rolls back and is told as it is. `declared` comes before, `answer` after the commit. */
function transaction(s: string, declared: string, body: string, answer: string): string {
  return `SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @same int;
${declared}
BEGIN TRY
  BEGIN TRANSACTION;
  UPDATE ${s}.lease_session SET used_at = SYSUTCDATETIME() WHERE session_id = @session;
  SET @same = @@ROWCOUNT;
  IF @same = 0 BEGIN; THROW ${ownErrors.sessionEnded}, N'this connection was ended by a later one of the same node', 1; END;
${body}
  COMMIT TRANSACTION;
END TRY
BEGIN CATCH
  IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
  THROW;
END CATCH;
${answer}`;
}

/** Locks rows of `befailover` by node id until the end of the transaction; names that are null are left out. */
function lockRows(s: string, names: string[]): string {
  const values = names.map((name) => `(${name} COLLATE Latin1_General_100_BIN2)`).join(', ');
  return `  SET @next = N'';
  WHILE @next IS NOT NULL
  BEGIN
    UPDATE ${s}.befailover SET lastcount = lastcount WHERE node_id = @next;
    SET @next = (SELECT MIN(v.id) FROM (VALUES ${values}) AS v (id) WHERE v.id > @next);
  END;`;
}
const declareNext = 'DECLARE @next nvarchar(200);';

/** `column` is what `name` says, null included. */
function same(column: string, name: string): string {
  return `(${column} = ${name} OR (${column} IS NULL AND ${name} IS NULL))`;
}

const asSeen = [
  'epoch = @seen_epoch',
  same('holder', '@seen_holder'),
  same('holder_incarnation', '@seen_holder_incarnation'),
  same('last_holder', '@seen_last_holder'),
  same('standby', '@seen_standby'),
  same('standby_incarnation', '@seen_standby_incarnation'),
  'membership = @seen_membership',
  same('handover_to', '@seen_handover_to'),
  'tenure_epoch = @seen_tenure_epoch',
  same('timeline', '@seen_timeline'),
].join('\n     AND ');

// Taken only from the incarnation that was seen there: what a dead one sent comes late to a row of its successor.
// A new incarnation begins without an epoch: whatever an earlier one still sends matches nothing any more.
function enter(s: string): string {
  const body = `  UPDATE ${s}.befailover SET name = @name, hostaddress = @host, nmsbeport = @console_port, rmiregistryport = @nats_port,
    serverrole = @role, version = @version, time_zone = @time_zone, incarnation = @incarnation, lastcount = lastcount + 1,
    remembers_epoch = @remembers_epoch, remembers_membership = @remembers_membership,
    epoch = CASE WHEN incarnation = @incarnation THEN epoch END,
    standbyservername = CASE WHEN incarnation = @incarnation THEN standbyservername END,
    entered_at = SYSUTCDATETIME(), beaten_at = SYSUTCDATETIME()
   WHERE node_id = @node AND (incarnation = @replaces OR incarnation = @incarnation);
  SET @same = @@ROWCOUNT;
  IF @same = 0 AND NOT EXISTS (SELECT 1 FROM ${s}.befailover WHERE node_id = @node)
    INSERT INTO ${s}.befailover (node_id, name, incarnation, hostaddress, nmsbeport, rmiregistryport, lastcount, serverrole,
      version, time_zone, remembers_epoch, remembers_membership)
    VALUES (@node, @name, @incarnation, @host, @console_port, @nats_port, 1, @role, @version, @time_zone, @remembers_epoch,
      @remembers_membership);`;
  return transaction(s, '', body, view(s));
}

function beat(s: string): string {
  const declared = `DECLARE @outcome nvarchar(20) = N'ended', @last bigint = 0;
DECLARE @here bit = CASE WHEN @epoch IS NULL OR @timeline = @now_timeline THEN 1 ELSE 0 END;
DECLARE @changed TABLE (lastcount bigint);`;
  const body = `  UPDATE ${s}.befailover SET lastcount = @count, serverrole = @role, beaten_at = SYSUTCDATETIME(),
    remembers_epoch = @remembers_epoch, remembers_membership = @remembers_membership
  OUTPUT inserted.lastcount INTO @changed (lastcount)
   WHERE node_id = @node AND incarnation = @incarnation AND (@epoch IS NULL OR epoch = @epoch) AND lastcount < @count
     AND @here = 1;
  IF EXISTS (SELECT 1 FROM @changed AS c)
    SELECT @outcome = N'renewed', @last = c.lastcount FROM @changed AS c;
  ELSE
    SELECT @outcome = CASE WHEN b.incarnation <> @incarnation OR (@epoch IS NOT NULL AND (b.epoch IS NULL OR b.epoch <> @epoch))
                           THEN N'ended' WHEN @here = 1 THEN N'overtaken' ELSE N'other-timeline' END,
           @last = b.lastcount
      FROM ${s}.befailover AS b WHERE b.node_id = @node;`;
  return transaction(s, declared, body, `SELECT @outcome AS [outcome], @last AS [lastCount];\n${view(s)}`);
}

/**
 * What the nodes remember is read twice. First before a lock is held, waiting for whoever is at a row; then again without waiting,
 * because whoever holds a row may be waiting for `reign`: a row that is passed over was read as it was before.
 */
function claim(s: string): string {
  const declared = `${declareNext}
DECLARE @remembered bigint, @new_epoch bigint = COALESCE(@rebase_epoch, @seen_epoch + 1);
${afterTable}`;
  const body = `  SET @remembered = (SELECT MAX(b.remembers_epoch) FROM ${s}.befailover AS b);
${lockRows(s, ['@node', '@seen_holder'])}
  UPDATE ${s}.reign SET changed_at = changed_at
   WHERE ${asSeen};
  SET @same = @@ROWCOUNT;
  IF @same = 1 AND @timeline = @now_timeline
     AND (@rebase_epoch IS NOT NULL OR @seen_epoch = 0 OR @seen_timeline = @timeline)
     AND @new_epoch > @seen_epoch AND @new_epoch > @remembered
     AND NOT EXISTS (SELECT 1 FROM ${s}.befailover AS m WITH (READPAST) WHERE m.remembers_epoch >= @new_epoch)
     AND EXISTS (SELECT 1 FROM ${s}.befailover AS o WHERE o.node_id = @node AND o.incarnation = @incarnation)
     AND ((@seen_holder IS NULL AND @holder_count IS NULL)
          -- A row without an epoch: a new incarnation of the holder has entered, and no beat renews that reign any more.
          OR EXISTS (SELECT 1 FROM ${s}.befailover AS h WHERE h.node_id = @seen_holder AND h.lastcount = @holder_count
                        AND (h.epoch IS NULL OR h.epoch = @seen_epoch))
          OR (@seen_holder IS NOT NULL AND @holder_count IS NULL
              AND NOT EXISTS (SELECT 1 FROM ${s}.befailover AS h WHERE h.node_id = @seen_holder)))
  BEGIN
    UPDATE ${s}.befailover SET epoch = NULL, serverrole = N'STANDBY', standbyservername = NULL WHERE node_id = @seen_holder;
    UPDATE ${s}.reign SET epoch = @new_epoch, holder = @node, holder_incarnation = @incarnation, last_holder = @node,
      standby = NULL, standby_incarnation = NULL, membership = COALESCE(@rebase_membership, membership + 1),
      handover_to = NULL, timeline = @timeline, changed_at = SYSUTCDATETIME(),
      tenure_epoch = COALESCE(@rebase_tenure,
        CASE WHEN COALESCE(holder, last_holder) = @node THEN tenure_epoch ELSE @new_epoch END)
    ${outputAfter}
     WHERE epoch = @seen_epoch;
    UPDATE ${s}.befailover SET epoch = @new_epoch, serverrole = N'PRIMARY', standbyservername = NULL,
      lastcount = lastcount + 1, beaten_at = SYSUTCDATETIME(), remembers_epoch = @new_epoch,
      remembers_membership = (SELECT a.membership FROM @after AS a)
     WHERE node_id = @node;
  END;`;
  return transaction(s, declared, body, reignOf('@after'));
}

/** Who is active as `reign` says before it is locked; compared again under the lock. */
const declareActive = 'DECLARE @active nvarchar(200);';
function readActive(s: string): string {
  return `  SET @active = (SELECT r.holder FROM ${s}.reign AS r);`;
}
const underEpoch =
  'holder = @active AND epoch = @epoch AND holder_incarnation = @incarnation AND timeline = @now_timeline';

function register(s: string): string {
  const body = `${readActive(s)}
${lockRows(s, ['@active', '@standby', '@forget'])}
  UPDATE ${s}.reign SET changed_at = changed_at
   WHERE ${underEpoch} AND membership = @membership AND (@standby IS NULL OR holder <> @standby);
  SET @same = @@ROWCOUNT;
  SET @name = (SELECT b.name FROM ${s}.befailover AS b WHERE b.node_id = @standby AND b.incarnation = @standby_incarnation);
  IF @same = 1 AND (@standby IS NULL OR @name IS NOT NULL)
  BEGIN
    DELETE FROM ${s}.befailover WHERE node_id = @forget AND node_id <> @active AND (@standby IS NULL OR node_id <> @standby);
    UPDATE ${s}.reign SET standby = @standby, standby_incarnation = @standby_incarnation, membership = membership + 1,
      changed_at = SYSUTCDATETIME()
    ${outputAfter}
     WHERE epoch = @epoch;
    UPDATE ${s}.befailover SET standbyservername = @name WHERE node_id = @active;
  END;`;
  const declared = `${declareNext}\n${declareActive}\nDECLARE @name nvarchar(200);\n${afterTable}`;
  return transaction(s, declared, body, reignOf('@after'));
}

function readopt(s: string): string {
  const body = `${lockRows(s, ['@node'])}
  IF EXISTS (SELECT 1 FROM ${s}.befailover AS b WHERE b.node_id = @node AND b.incarnation = @incarnation)
    UPDATE ${s}.reign SET standby_incarnation = @incarnation, membership = membership + 1, changed_at = SYSUTCDATETIME()
    ${outputAfter}
     WHERE standby = @node AND timeline = @now_timeline
       AND ${asSeen};`;
  return transaction(s, `${declareNext}\n${afterTable}`, body, reignOf('@after'));
}

// The holder's row loses its epoch with the lease, so no beat that comes later renews what was let go of.
function release(s: string): string {
  const body = `${readActive(s)}
${lockRows(s, ['@active'])}
  UPDATE ${s}.reign SET holder = NULL, holder_incarnation = NULL, last_holder = holder, handover_to = @handover_to,
    changed_at = SYSUTCDATETIME()
  ${outputAfter}
   WHERE ${underEpoch};
  SET @same = @@ROWCOUNT;
  IF @same = 1
    UPDATE ${s}.befailover SET epoch = NULL, serverrole = N'STANDBY', standbyservername = NULL WHERE node_id = @active;`;
  return transaction(s, `${declareNext}\n${declareActive}\n${afterTable}`, body, reignOf('@after'));
}

// Locked like a change of the membership, and counted as one: what was claimed on an older look finds another number.
function pause(s: string): string {
  const declared = `DECLARE @number bigint, @ends datetime2(3);\n${afterTable}`;
  const body = `  UPDATE ${s}.reign SET changed_at = changed_at;
  SET @number = COALESCE((SELECT p.number FROM ${s}.pause AS p), 0);
  SET @ends = DATEADD(millisecond, @for_ms % 1000, DATEADD(second, @for_ms / 1000, SYSUTCDATETIME()));
  IF @number = @seen_number
  BEGIN
    UPDATE ${s}.pause SET number = @seen_number + 1, for_ms = @for_ms, ends_at = @ends, [operator] = @operator,
      reason = @reason, changed_at = SYSUTCDATETIME();
    SET @same = @@ROWCOUNT;
    IF @same = 0
      INSERT INTO ${s}.pause (number, for_ms, ends_at, [operator], reason)
      VALUES (@seen_number + 1, @for_ms, @ends, @operator, @reason);
    UPDATE ${s}.reign SET membership = membership + 1, changed_at = SYSUTCDATETIME()
    ${outputAfter};
  END;`;
  return transaction(s, declared, body, reignOf('@after'));
}
