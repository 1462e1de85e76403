-- store, as every batch is
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @held int;

BEGIN TRY
  BEGIN TRANSACTION;
  INSERT INTO [hotstandby].delivered_frame (message_id, epoch)
  SELECT m.message_id, @epoch FROM #hotstandby_message AS m ORDER BY m.message_id;
  INSERT INTO [hotstandby].syslog_message (epoch, [received_at], [source_address], [format], [facility], [severity], [timestamp], [hostname], [app_name], [proc_id], [msg_id], [structured_data], [message], [malformed], [raw], [altered])
  SELECT @epoch, r.[received_at], r.[source_address], r.[format], r.[facility], r.[severity], r.[timestamp], r.[hostname], r.[app_name], r.[proc_id], r.[msg_id], r.[structured_data], r.[message], r.[malformed], r.[raw], r.[altered] FROM #hotstandby_syslog_message AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].snmp_trap (epoch, [received_at], [source_address], [version], [community], [trap_oid], [enterprise], [agent_address], [uptime_ticks], [varbinds], [malformed], [raw], [altered])
  SELECT @epoch, r.[received_at], r.[source_address], r.[version], r.[community], r.[trap_oid], r.[enterprise], r.[agent_address], r.[uptime_ticks], r.[varbinds], r.[malformed], r.[raw], r.[altered] FROM #hotstandby_snmp_trap AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].flow_record (epoch, [received_at], [exporter], [version], [observation_domain], [source_address], [destination_address], [source_port], [destination_port], [protocol], [packets], [octets], [start_at], [end_at], [input_interface], [output_interface], [tcp_flags], [tos], [next_hop], [source_as], [destination_as], [source_prefix], [destination_prefix], [extra], [malformed], [raw], [altered])
  SELECT @epoch, r.[received_at], r.[exporter], r.[version], r.[observation_domain], r.[source_address], r.[destination_address], r.[source_port], r.[destination_port], r.[protocol], r.[packets], r.[octets], r.[start_at], r.[end_at], r.[input_interface], r.[output_interface], r.[tcp_flags], r.[tos], r.[next_hop], r.[source_as], r.[destination_as], r.[source_prefix], r.[destination_prefix], r.[extra], r.[malformed], r.[raw], r.[altered] FROM #hotstandby_flow_record AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].traffic_part (epoch, [minute], [exporter], [input_interface], [output_interface], [flows], [packets], [octets])
  SELECT @epoch, r.[minute], r.[exporter], r.[input_interface], r.[output_interface], r.[flows], r.[packets], r.[octets] FROM #hotstandby_traffic_part AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].applications_part (epoch, [minute], [exporter], [protocol], [port], [flows], [packets], [octets])
  SELECT @epoch, r.[minute], r.[exporter], r.[protocol], r.[port], r.[flows], r.[packets], r.[octets] FROM #hotstandby_applications_part AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].conversations_part (epoch, [minute], [exporter], [source_address], [destination_address], [protocol], [port], [flows], [packets], [octets])
  SELECT @epoch, r.[minute], r.[exporter], r.[source_address], r.[destination_address], r.[protocol], r.[port], r.[flows], r.[packets], r.[octets] FROM #hotstandby_conversations_part AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].delivery_ledger (epoch, node_id, first_received_at, last_received_at, stored_datagrams, settled_datagrams, stored, settled, clock_ahead_ms)
  SELECT @epoch, m.node_id, m.first_received_at, m.last_received_at, m.stored_datagrams, m.settled_datagrams, m.stored, m.settled, m.clock_ahead_ms FROM #hotstandby_message AS m
   WHERE m.stored_datagrams + m.settled_datagrams > 0 ORDER BY m.row_no;
  SET @held = (SELECT COUNT(*) FROM [hotstandby].reign AS g WITH (REPEATABLEREAD)
    WHERE g.epoch = @epoch AND g.holder_incarnation = @incarnation AND g.timeline = @now_timeline);
  IF @held = 0 BEGIN; THROW 51003, N'the reign of the writer is over', 1; END;
  COMMIT TRANSACTION;
END TRY
BEGIN CATCH
  IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
  THROW;
END CATCH;

-- store, while a take-over is settled
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @held int;

BEGIN TRY
  BEGIN TRANSACTION;
  UPDATE [hotstandby].delivery_replay SET renewed_at = SYSUTCDATETIME()
   WHERE node_id = @replay_node AND tenure_epoch = @replay_tenure AND [owner] = @replay_owner AND done = 0;
  IF @@ROWCOUNT = 0 BEGIN; THROW 51004, N'another collector settles this take-over', 1; END;
  INSERT INTO [hotstandby].delivered_frame (message_id, epoch)
  SELECT m.message_id, @epoch FROM #hotstandby_message AS m ORDER BY m.message_id;
  INSERT INTO [hotstandby].syslog_message (epoch, [received_at], [source_address], [format], [facility], [severity], [timestamp], [hostname], [app_name], [proc_id], [msg_id], [structured_data], [message], [malformed], [raw], [altered])
  SELECT @epoch, r.[received_at], r.[source_address], r.[format], r.[facility], r.[severity], r.[timestamp], r.[hostname], r.[app_name], r.[proc_id], r.[msg_id], r.[structured_data], r.[message], r.[malformed], r.[raw], r.[altered] FROM #hotstandby_syslog_message AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].snmp_trap (epoch, [received_at], [source_address], [version], [community], [trap_oid], [enterprise], [agent_address], [uptime_ticks], [varbinds], [malformed], [raw], [altered])
  SELECT @epoch, r.[received_at], r.[source_address], r.[version], r.[community], r.[trap_oid], r.[enterprise], r.[agent_address], r.[uptime_ticks], r.[varbinds], r.[malformed], r.[raw], r.[altered] FROM #hotstandby_snmp_trap AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].flow_record (epoch, [received_at], [exporter], [version], [observation_domain], [source_address], [destination_address], [source_port], [destination_port], [protocol], [packets], [octets], [start_at], [end_at], [input_interface], [output_interface], [tcp_flags], [tos], [next_hop], [source_as], [destination_as], [source_prefix], [destination_prefix], [extra], [malformed], [raw], [altered])
  SELECT @epoch, r.[received_at], r.[exporter], r.[version], r.[observation_domain], r.[source_address], r.[destination_address], r.[source_port], r.[destination_port], r.[protocol], r.[packets], r.[octets], r.[start_at], r.[end_at], r.[input_interface], r.[output_interface], r.[tcp_flags], r.[tos], r.[next_hop], r.[source_as], r.[destination_as], r.[source_prefix], r.[destination_prefix], r.[extra], r.[malformed], r.[raw], r.[altered] FROM #hotstandby_flow_record AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].traffic_part (epoch, [minute], [exporter], [input_interface], [output_interface], [flows], [packets], [octets])
  SELECT @epoch, r.[minute], r.[exporter], r.[input_interface], r.[output_interface], r.[flows], r.[packets], r.[octets] FROM #hotstandby_traffic_part AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].applications_part (epoch, [minute], [exporter], [protocol], [port], [flows], [packets], [octets])
  SELECT @epoch, r.[minute], r.[exporter], r.[protocol], r.[port], r.[flows], r.[packets], r.[octets] FROM #hotstandby_applications_part AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].conversations_part (epoch, [minute], [exporter], [source_address], [destination_address], [protocol], [port], [flows], [packets], [octets])
  SELECT @epoch, r.[minute], r.[exporter], r.[source_address], r.[destination_address], r.[protocol], r.[port], r.[flows], r.[packets], r.[octets] FROM #hotstandby_conversations_part AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].delivery_ledger (epoch, node_id, first_received_at, last_received_at, stored_datagrams, settled_datagrams, stored, settled, clock_ahead_ms)
  SELECT @epoch, m.node_id, m.first_received_at, m.last_received_at, m.stored_datagrams, m.settled_datagrams, m.stored, m.settled, m.clock_ahead_ms FROM #hotstandby_message AS m
   WHERE m.stored_datagrams + m.settled_datagrams > 0 ORDER BY m.row_no;
  SET @held = (SELECT COUNT(*) FROM [hotstandby].reign AS g WITH (REPEATABLEREAD)
    WHERE g.epoch = @epoch AND g.holder_incarnation = @incarnation AND g.timeline = @now_timeline);
  IF @held = 0 BEGIN; THROW 51003, N'the reign of the writer is over', 1; END;
  COMMIT TRANSACTION;
END TRY
BEGIN CATCH
  IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
  THROW;
END CATCH;

-- store row by row, after a refusal
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @held int;
DECLARE @row int, @why nvarchar(max);
BEGIN TRY
  BEGIN TRANSACTION;
  SET XACT_ABORT OFF;
  INSERT INTO [hotstandby].delivered_frame (message_id, epoch)
  SELECT m.message_id, @epoch FROM #hotstandby_message AS m ORDER BY m.message_id;
  SET @row = (SELECT MIN(r.row_no) FROM #hotstandby_syslog_message AS r);
  WHILE @row IS NOT NULL
  BEGIN
    BEGIN TRY
      INSERT INTO [hotstandby].syslog_message (epoch, [received_at], [source_address], [format], [facility], [severity], [timestamp], [hostname], [app_name], [proc_id], [msg_id], [structured_data], [message], [malformed], [raw], [altered])
  SELECT @epoch, r.[received_at], r.[source_address], r.[format], r.[facility], r.[severity], r.[timestamp], r.[hostname], r.[app_name], r.[proc_id], r.[msg_id], r.[structured_data], r.[message], r.[malformed], r.[raw], r.[altered] FROM #hotstandby_syslog_message AS r WHERE r.row_no = @row;
    END TRY
    BEGIN CATCH
      IF XACT_STATE() <> 1 OR ERROR_NUMBER() NOT IN (220, 511, 515, 547, 2628, 8115, 8152) BEGIN; THROW; END;
      SET @why = ERROR_MESSAGE();
      INSERT INTO [hotstandby].syslog_message (epoch, [received_at], [format], [message], altered)
      SELECT @epoch, r.[received_at], N'raw', N'', N'the store refused the row: ' + @why + N'; '
        + LEFT((SELECT v.* FROM #hotstandby_syslog_message AS v WHERE v.row_no = @row FOR JSON PATH, WITHOUT_ARRAY_WRAPPER), 4000)
       FROM #hotstandby_syslog_message AS r WHERE r.row_no = @row;
    END CATCH;
    SET @row = (SELECT MIN(r.row_no) FROM #hotstandby_syslog_message AS r WHERE r.row_no > @row);
  END;
  SET @row = (SELECT MIN(r.row_no) FROM #hotstandby_snmp_trap AS r);
  WHILE @row IS NOT NULL
  BEGIN
    BEGIN TRY
      INSERT INTO [hotstandby].snmp_trap (epoch, [received_at], [source_address], [version], [community], [trap_oid], [enterprise], [agent_address], [uptime_ticks], [varbinds], [malformed], [raw], [altered])
  SELECT @epoch, r.[received_at], r.[source_address], r.[version], r.[community], r.[trap_oid], r.[enterprise], r.[agent_address], r.[uptime_ticks], r.[varbinds], r.[malformed], r.[raw], r.[altered] FROM #hotstandby_snmp_trap AS r WHERE r.row_no = @row;
    END TRY
    BEGIN CATCH
      IF XACT_STATE() <> 1 OR ERROR_NUMBER() NOT IN (220, 511, 515, 547, 2628, 8115, 8152) BEGIN; THROW; END;
      SET @why = ERROR_MESSAGE();
      INSERT INTO [hotstandby].snmp_trap (epoch, [received_at], [varbinds], altered)
      SELECT @epoch, r.[received_at], N'[]', N'the store refused the row: ' + @why + N'; '
        + LEFT((SELECT v.* FROM #hotstandby_snmp_trap AS v WHERE v.row_no = @row FOR JSON PATH, WITHOUT_ARRAY_WRAPPER), 4000)
       FROM #hotstandby_snmp_trap AS r WHERE r.row_no = @row;
    END CATCH;
    SET @row = (SELECT MIN(r.row_no) FROM #hotstandby_snmp_trap AS r WHERE r.row_no > @row);
  END;
  SET @row = (SELECT MIN(r.row_no) FROM #hotstandby_flow_record AS r);
  WHILE @row IS NOT NULL
  BEGIN
    BEGIN TRY
      INSERT INTO [hotstandby].flow_record (epoch, [received_at], [exporter], [version], [observation_domain], [source_address], [destination_address], [source_port], [destination_port], [protocol], [packets], [octets], [start_at], [end_at], [input_interface], [output_interface], [tcp_flags], [tos], [next_hop], [source_as], [destination_as], [source_prefix], [destination_prefix], [extra], [malformed], [raw], [altered])
  SELECT @epoch, r.[received_at], r.[exporter], r.[version], r.[observation_domain], r.[source_address], r.[destination_address], r.[source_port], r.[destination_port], r.[protocol], r.[packets], r.[octets], r.[start_at], r.[end_at], r.[input_interface], r.[output_interface], r.[tcp_flags], r.[tos], r.[next_hop], r.[source_as], r.[destination_as], r.[source_prefix], r.[destination_prefix], r.[extra], r.[malformed], r.[raw], r.[altered] FROM #hotstandby_flow_record AS r WHERE r.row_no = @row;
    END TRY
    BEGIN CATCH
      IF XACT_STATE() <> 1 OR ERROR_NUMBER() NOT IN (220, 511, 515, 547, 2628, 8115, 8152) BEGIN; THROW; END;
      SET @why = ERROR_MESSAGE();
      INSERT INTO [hotstandby].flow_record (epoch, [received_at], altered)
      SELECT @epoch, r.[received_at], N'the store refused the row: ' + @why + N'; '
        + LEFT((SELECT v.* FROM #hotstandby_flow_record AS v WHERE v.row_no = @row FOR JSON PATH, WITHOUT_ARRAY_WRAPPER), 4000)
       FROM #hotstandby_flow_record AS r WHERE r.row_no = @row;
    END CATCH;
    SET @row = (SELECT MIN(r.row_no) FROM #hotstandby_flow_record AS r WHERE r.row_no > @row);
  END;
  INSERT INTO [hotstandby].traffic_part (epoch, [minute], [exporter], [input_interface], [output_interface], [flows], [packets], [octets])
  SELECT @epoch, r.[minute], r.[exporter], r.[input_interface], r.[output_interface], r.[flows], r.[packets], r.[octets] FROM #hotstandby_traffic_part AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].applications_part (epoch, [minute], [exporter], [protocol], [port], [flows], [packets], [octets])
  SELECT @epoch, r.[minute], r.[exporter], r.[protocol], r.[port], r.[flows], r.[packets], r.[octets] FROM #hotstandby_applications_part AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].conversations_part (epoch, [minute], [exporter], [source_address], [destination_address], [protocol], [port], [flows], [packets], [octets])
  SELECT @epoch, r.[minute], r.[exporter], r.[source_address], r.[destination_address], r.[protocol], r.[port], r.[flows], r.[packets], r.[octets] FROM #hotstandby_conversations_part AS r ORDER BY r.row_no;
  INSERT INTO [hotstandby].delivery_ledger (epoch, node_id, first_received_at, last_received_at, stored_datagrams, settled_datagrams, stored, settled, clock_ahead_ms)
  SELECT @epoch, m.node_id, m.first_received_at, m.last_received_at, m.stored_datagrams, m.settled_datagrams, m.stored, m.settled, m.clock_ahead_ms FROM #hotstandby_message AS m
   WHERE m.stored_datagrams + m.settled_datagrams > 0 ORDER BY m.row_no;
  SET @held = (SELECT COUNT(*) FROM [hotstandby].reign AS g WITH (REPEATABLEREAD)
    WHERE g.epoch = @epoch AND g.holder_incarnation = @incarnation AND g.timeline = @now_timeline);
  IF @held = 0 BEGIN; THROW 51003, N'the reign of the writer is over', 1; END;
  COMMIT TRANSACTION;
END TRY
BEGIN CATCH
  IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
  THROW;
END CATCH;

-- turn of a collector
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @held int;
DECLARE @taken int, @is_done int;
BEGIN TRY
  BEGIN TRANSACTION;
  UPDATE [hotstandby].delivery_replay SET [owner] = @owner, done = @done, renewed_at = SYSUTCDATETIME()
   WHERE node_id = @node AND tenure_epoch = @tenure AND done = 0
     AND ([owner] = @owner OR renewed_at < DATEADD(second, -4, SYSUTCDATETIME()));
  SET @taken = @@ROWCOUNT;
  IF @taken = 0 AND NOT EXISTS (SELECT 1 FROM [hotstandby].delivery_replay AS r
                                 WHERE r.node_id = @node AND r.tenure_epoch = @tenure)
  BEGIN
    INSERT INTO [hotstandby].delivery_replay (node_id, tenure_epoch, [owner], done) VALUES (@node, @tenure, @owner, @done);
    SET @taken = 1;
  END;
  SET @is_done = (SELECT CONVERT(int, r.done) FROM [hotstandby].delivery_replay AS r
    WHERE r.node_id = @node AND r.tenure_epoch = @tenure);
  SET @held = (SELECT COUNT(*) FROM [hotstandby].reign AS g WITH (REPEATABLEREAD)
    WHERE g.epoch = @epoch AND g.holder_incarnation = @incarnation AND g.timeline = @now_timeline);
  IF @held = 0 BEGIN; THROW 51003, N'the reign of the writer is over', 1; END;
  COMMIT TRANSACTION;
END TRY
BEGIN CATCH
  IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
  THROW;
END CATCH;
SELECT CASE WHEN @is_done = 1 THEN N'done' WHEN @taken = 1 THEN N'mine' ELSE N'another' END AS [turn];

-- note progress
SET NOCOUNT ON;
SET XACT_ABORT ON;
DECLARE @held int;

BEGIN TRY
  BEGIN TRANSACTION;
  UPDATE [hotstandby].delivery_progress SET epoch = @epoch, settled_before = @settled_before,
    clock_ahead_ms = @clock_ahead_ms, noted_at = SYSUTCDATETIME(),
    own_from = @own_from,
    other_before = CASE WHEN other_before > @other_before THEN other_before ELSE COALESCE(@other_before, other_before) END
   WHERE node_id = @node;
  IF @@ROWCOUNT = 0
    INSERT INTO [hotstandby].delivery_progress (node_id, epoch, settled_before, clock_ahead_ms, own_from, other_before)
    VALUES (@node, @epoch, @settled_before, @clock_ahead_ms, @own_from, @other_before);
  SET @held = (SELECT COUNT(*) FROM [hotstandby].reign AS g WITH (REPEATABLEREAD)
    WHERE g.epoch = @epoch AND g.holder_incarnation = @incarnation AND g.timeline = @now_timeline);
  IF @held = 0 BEGIN; THROW 51003, N'the reign of the writer is over', 1; END;
  COMMIT TRANSACTION;
END TRY
BEGIN CATCH
  IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;
  THROW;
END CATCH;

-- which messages are stored
SELECT d.message_id AS [messageId] FROM [hotstandby].delivered_frame AS d WHERE d.message_id IN (@m0, @m1, @m2, @m3, @m4, @m5, @m6, @m7, @m8, @m9);

-- ledger
SELECT TOP (50) l.id AS [id], l.epoch AS [epoch], l.node_id AS [nodeId], l.clock_ahead_ms AS [clockAheadMs],
  l.stored AS [stored], l.settled AS [settled]
 FROM [hotstandby].delivery_ledger AS l
 WHERE l.last_received_at >= @from AND l.id > @after AND (@until IS NULL OR l.first_received_at < @until) ORDER BY l.id;

-- progress
SELECT p.node_id AS [nodeId], p.epoch AS [epoch], p.settled_before AS [settledBefore], p.clock_ahead_ms AS [clockAheadMs],
  p.own_from AS [ownFrom], p.other_before AS [otherBefore]
 FROM [hotstandby].delivery_progress AS p ORDER BY p.epoch;

-- trim syslog_message
SET NOCOUNT ON;
DELETE TOP (4000) FROM [hotstandby].syslog_message WHERE [received_at] < DATEADD(second, -@kept_s, SYSUTCDATETIME());
SELECT @@ROWCOUNT AS [gone];

-- last records
SELECT TOP (@limit) t.* FROM [hotstandby].syslog_message AS t ORDER BY t.received_at DESC, t.id DESC;

-- count records
SET NOCOUNT ON;
DECLARE @n bigint = (SELECT SUM(p.[rows]) FROM sys.partitions AS p
  WHERE p.object_id = OBJECT_ID(N'[hotstandby].flow_record') AND p.index_id IN (0, 1));
IF @n IS NULL OR @n <= 1000000 SET @n = (SELECT COUNT_BIG(*) FROM [hotstandby].flow_record AS t);
SELECT @n AS [n];

-- count by minute
SELECT t.exporter AS [source], DATEDIFF_BIG(minute, '19700101', t.received_at) AS [minute], COUNT_BIG(*) AS [rows]
 FROM [hotstandby].flow_record AS t WHERE t.received_at >= @from AND t.received_at < @until
 GROUP BY t.exporter, DATEDIFF_BIG(minute, '19700101', t.received_at);
