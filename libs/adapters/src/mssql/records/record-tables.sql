-- the tables of the store
CREATE TABLE [hotstandby].syslog_message (
       id bigint IDENTITY(1, 1) NOT NULL,
       epoch bigint NOT NULL,
       received_at datetime2(3) NOT NULL,
       source_address varchar(45) COLLATE Latin1_General_100_BIN2 NULL,
       [format] nvarchar(400) NOT NULL,
       facility smallint NULL,
       severity smallint NULL,
       [timestamp] datetime2(3) NULL,
       hostname nvarchar(400) NULL,
       app_name nvarchar(400) NULL,
       proc_id nvarchar(400) NULL,
       msg_id nvarchar(400) NULL,
       structured_data nvarchar(max) NULL,
       [message] nvarchar(max) NOT NULL,
       malformed nvarchar(max) NULL,
       [raw] varbinary(max) NULL,
       altered nvarchar(max) NULL,
       stored_at datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME(),
       PRIMARY KEY CLUSTERED (received_at, id)
     );
     ALTER TABLE [hotstandby].syslog_message SET (LOCK_ESCALATION = DISABLE);
CREATE TABLE [hotstandby].snmp_trap (
       id bigint IDENTITY(1, 1) NOT NULL,
       epoch bigint NOT NULL,
       received_at datetime2(3) NOT NULL,
       source_address varchar(45) COLLATE Latin1_General_100_BIN2 NULL,
       [version] nvarchar(400) NULL,
       community nvarchar(400) NULL,
       trap_oid nvarchar(400) NULL,
       enterprise nvarchar(400) NULL,
       agent_address varchar(45) COLLATE Latin1_General_100_BIN2 NULL,
       uptime_ticks bigint NULL,
       varbinds nvarchar(max) NOT NULL,
       malformed nvarchar(max) NULL,
       [raw] varbinary(max) NULL,
       altered nvarchar(max) NULL,
       stored_at datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME(),
       PRIMARY KEY CLUSTERED (received_at, id)
     );
     ALTER TABLE [hotstandby].snmp_trap SET (LOCK_ESCALATION = DISABLE);
CREATE TABLE [hotstandby].flow_record (
       id bigint IDENTITY(1, 1) NOT NULL,
       epoch bigint NOT NULL,
       received_at datetime2(3) NOT NULL,
       exporter varchar(45) COLLATE Latin1_General_100_BIN2 NULL,
       [version] smallint NULL,
       observation_domain bigint NULL,
       source_address varchar(45) COLLATE Latin1_General_100_BIN2 NULL,
       destination_address varchar(45) COLLATE Latin1_General_100_BIN2 NULL,
       source_port int NULL,
       destination_port int NULL,
       [protocol] smallint NULL,
       packets bigint NULL,
       octets bigint NULL,
       start_at datetime2(3) NULL,
       end_at datetime2(3) NULL,
       input_interface bigint NULL,
       output_interface bigint NULL,
       tcp_flags int NULL,
       tos smallint NULL,
       next_hop varchar(45) COLLATE Latin1_General_100_BIN2 NULL,
       source_as bigint NULL,
       destination_as bigint NULL,
       source_prefix bigint NULL,
       destination_prefix bigint NULL,
       extra nvarchar(max) NULL,
       malformed nvarchar(max) NULL,
       [raw] varbinary(max) NULL,
       altered nvarchar(max) NULL,
       stored_at datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME(),
       PRIMARY KEY CLUSTERED (received_at, id)
     );
     ALTER TABLE [hotstandby].flow_record SET (LOCK_ESCALATION = DISABLE);
CREATE TABLE [hotstandby].traffic_part (
       id bigint IDENTITY(1, 1) NOT NULL,
       epoch bigint NOT NULL,
       [minute] datetime2(3) NOT NULL,
       exporter varchar(45) COLLATE Latin1_General_100_BIN2 NULL,
       [input_interface] bigint NOT NULL,
       [output_interface] bigint NOT NULL,
       flows bigint NOT NULL,
       packets bigint NOT NULL,
       octets bigint NOT NULL,
       PRIMARY KEY CLUSTERED ([minute], id)
     );
     ALTER TABLE [hotstandby].traffic_part SET (LOCK_ESCALATION = DISABLE);
CREATE VIEW [hotstandby].traffic AS SELECT p.[minute], p.[exporter], p.[input_interface], p.[output_interface], SUM(CONVERT(decimal(38, 0), p.flows)) AS flows, SUM(CONVERT(decimal(38, 0), p.packets)) AS packets, SUM(CONVERT(decimal(38, 0), p.octets)) AS octets FROM [hotstandby].traffic_part AS p GROUP BY p.[minute], p.[exporter], p.[input_interface], p.[output_interface];
CREATE TABLE [hotstandby].applications_part (
       id bigint IDENTITY(1, 1) NOT NULL,
       epoch bigint NOT NULL,
       [minute] datetime2(3) NOT NULL,
       exporter varchar(45) COLLATE Latin1_General_100_BIN2 NULL,
       [protocol] smallint NOT NULL,
       [port] int NOT NULL,
       flows bigint NOT NULL,
       packets bigint NOT NULL,
       octets bigint NOT NULL,
       PRIMARY KEY CLUSTERED ([minute], id)
     );
     ALTER TABLE [hotstandby].applications_part SET (LOCK_ESCALATION = DISABLE);
CREATE VIEW [hotstandby].applications AS SELECT p.[minute], p.[exporter], p.[protocol], p.[port], SUM(CONVERT(decimal(38, 0), p.flows)) AS flows, SUM(CONVERT(decimal(38, 0), p.packets)) AS packets, SUM(CONVERT(decimal(38, 0), p.octets)) AS octets FROM [hotstandby].applications_part AS p GROUP BY p.[minute], p.[exporter], p.[protocol], p.[port];
CREATE TABLE [hotstandby].conversations_part (
       id bigint IDENTITY(1, 1) NOT NULL,
       epoch bigint NOT NULL,
       [minute] datetime2(3) NOT NULL,
       exporter varchar(45) COLLATE Latin1_General_100_BIN2 NULL,
       [source_address] varchar(45) COLLATE Latin1_General_100_BIN2 NOT NULL,
       [destination_address] varchar(45) COLLATE Latin1_General_100_BIN2 NOT NULL,
       [protocol] smallint NOT NULL,
       [port] int NOT NULL,
       flows bigint NOT NULL,
       packets bigint NOT NULL,
       octets bigint NOT NULL,
       PRIMARY KEY CLUSTERED ([minute], id)
     );
     ALTER TABLE [hotstandby].conversations_part SET (LOCK_ESCALATION = DISABLE);
CREATE VIEW [hotstandby].conversations AS SELECT p.[minute], p.[exporter], p.[source_address], p.[destination_address], p.[protocol], p.[port], SUM(CONVERT(decimal(38, 0), p.flows)) AS flows, SUM(CONVERT(decimal(38, 0), p.packets)) AS packets, SUM(CONVERT(decimal(38, 0), p.octets)) AS octets FROM [hotstandby].conversations_part AS p GROUP BY p.[minute], p.[exporter], p.[source_address], p.[destination_address], p.[protocol], p.[port];
CREATE TABLE [hotstandby].delivered_frame (
       message_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY,
       epoch bigint NOT NULL,
       stored_at datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME()
     );
CREATE INDEX delivered_frame_stored_at ON [hotstandby].delivered_frame (stored_at);
CREATE TABLE [hotstandby].delivery_ledger (
       id bigint IDENTITY(1, 1) NOT NULL PRIMARY KEY,
       epoch bigint NOT NULL,
       node_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
       first_received_at datetime2(3) NOT NULL,
       last_received_at datetime2(3) NOT NULL,
       stored_datagrams int NOT NULL,
       settled_datagrams int NOT NULL,
       stored varbinary(max) NOT NULL,
       settled varbinary(max) NOT NULL,
       clock_ahead_ms float NULL,
       stored_at datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME()
     );
CREATE INDEX delivery_ledger_last_received_at ON [hotstandby].delivery_ledger (last_received_at);
CREATE INDEX delivery_ledger_stored_at ON [hotstandby].delivery_ledger (stored_at);
CREATE TABLE [hotstandby].delivery_progress (
       node_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY,
       epoch bigint NOT NULL,
       settled_before datetime2(3) NOT NULL,
       clock_ahead_ms float NULL,
       noted_at datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME()
     );
CREATE TABLE [hotstandby].delivery_replay (
       node_id nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
       tenure_epoch bigint NOT NULL,
       [owner] nvarchar(200) COLLATE Latin1_General_100_BIN2 NOT NULL,
       done bit NOT NULL DEFAULT 0,
       renewed_at datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME(),
       PRIMARY KEY (node_id, tenure_epoch)
     )

-- the tables of a session (a batch)
IF OBJECT_ID(N'tempdb..#hotstandby_message') IS NULL
  CREATE TABLE #hotstandby_message ([row_no] int NOT NULL, [message_id] nvarchar(200) COLLATE DATABASE_DEFAULT NOT NULL, [node_id] nvarchar(200) COLLATE DATABASE_DEFAULT NOT NULL, [first_received_at] datetime2(3) NOT NULL, [last_received_at] datetime2(3) NOT NULL, [stored_datagrams] int NOT NULL, [settled_datagrams] int NOT NULL, [stored] varbinary(max) NOT NULL, [settled] varbinary(max) NOT NULL, [clock_ahead_ms] float NULL, PRIMARY KEY ([row_no]))
ELSE
  TRUNCATE TABLE #hotstandby_message;
IF OBJECT_ID(N'tempdb..#hotstandby_syslog_message') IS NULL
  CREATE TABLE #hotstandby_syslog_message ([row_no] int NOT NULL, [received_at] datetime2(3) NOT NULL, [source_address] nvarchar(45) COLLATE DATABASE_DEFAULT NULL, [format] nvarchar(400) COLLATE DATABASE_DEFAULT NOT NULL, [facility] smallint NULL, [severity] smallint NULL, [timestamp] datetime2(3) NULL, [hostname] nvarchar(400) COLLATE DATABASE_DEFAULT NULL, [app_name] nvarchar(400) COLLATE DATABASE_DEFAULT NULL, [proc_id] nvarchar(400) COLLATE DATABASE_DEFAULT NULL, [msg_id] nvarchar(400) COLLATE DATABASE_DEFAULT NULL, [structured_data] nvarchar(max) COLLATE DATABASE_DEFAULT NULL, [message] nvarchar(max) COLLATE DATABASE_DEFAULT NOT NULL, [malformed] nvarchar(max) COLLATE DATABASE_DEFAULT NULL, [raw] varbinary(max) NULL, [altered] nvarchar(max) COLLATE DATABASE_DEFAULT NULL, PRIMARY KEY ([row_no]))
ELSE
  TRUNCATE TABLE #hotstandby_syslog_message;
IF OBJECT_ID(N'tempdb..#hotstandby_snmp_trap') IS NULL
  CREATE TABLE #hotstandby_snmp_trap ([row_no] int NOT NULL, [received_at] datetime2(3) NOT NULL, [source_address] nvarchar(45) COLLATE DATABASE_DEFAULT NULL, [version] nvarchar(400) COLLATE DATABASE_DEFAULT NULL, [community] nvarchar(400) COLLATE DATABASE_DEFAULT NULL, [trap_oid] nvarchar(400) COLLATE DATABASE_DEFAULT NULL, [enterprise] nvarchar(400) COLLATE DATABASE_DEFAULT NULL, [agent_address] nvarchar(45) COLLATE DATABASE_DEFAULT NULL, [uptime_ticks] bigint NULL, [varbinds] nvarchar(max) COLLATE DATABASE_DEFAULT NOT NULL, [malformed] nvarchar(max) COLLATE DATABASE_DEFAULT NULL, [raw] varbinary(max) NULL, [altered] nvarchar(max) COLLATE DATABASE_DEFAULT NULL, PRIMARY KEY ([row_no]))
ELSE
  TRUNCATE TABLE #hotstandby_snmp_trap;
IF OBJECT_ID(N'tempdb..#hotstandby_flow_record') IS NULL
  CREATE TABLE #hotstandby_flow_record ([row_no] int NOT NULL, [received_at] datetime2(3) NOT NULL, [exporter] nvarchar(45) COLLATE DATABASE_DEFAULT NULL, [version] smallint NULL, [observation_domain] bigint NULL, [source_address] nvarchar(45) COLLATE DATABASE_DEFAULT NULL, [destination_address] nvarchar(45) COLLATE DATABASE_DEFAULT NULL, [source_port] int NULL, [destination_port] int NULL, [protocol] smallint NULL, [packets] bigint NULL, [octets] bigint NULL, [start_at] datetime2(3) NULL, [end_at] datetime2(3) NULL, [input_interface] bigint NULL, [output_interface] bigint NULL, [tcp_flags] int NULL, [tos] smallint NULL, [next_hop] nvarchar(45) COLLATE DATABASE_DEFAULT NULL, [source_as] bigint NULL, [destination_as] bigint NULL, [source_prefix] bigint NULL, [destination_prefix] bigint NULL, [extra] nvarchar(max) COLLATE DATABASE_DEFAULT NULL, [malformed] nvarchar(max) COLLATE DATABASE_DEFAULT NULL, [raw] varbinary(max) NULL, [altered] nvarchar(max) COLLATE DATABASE_DEFAULT NULL, PRIMARY KEY ([row_no]))
ELSE
  TRUNCATE TABLE #hotstandby_flow_record;
IF OBJECT_ID(N'tempdb..#hotstandby_traffic_part') IS NULL
  CREATE TABLE #hotstandby_traffic_part ([row_no] int NOT NULL, [minute] datetime2(3) NOT NULL, [exporter] nvarchar(45) COLLATE DATABASE_DEFAULT NULL, [input_interface] bigint NOT NULL, [output_interface] bigint NOT NULL, [flows] bigint NOT NULL, [packets] bigint NOT NULL, [octets] bigint NOT NULL, PRIMARY KEY ([row_no]))
ELSE
  TRUNCATE TABLE #hotstandby_traffic_part;
IF OBJECT_ID(N'tempdb..#hotstandby_applications_part') IS NULL
  CREATE TABLE #hotstandby_applications_part ([row_no] int NOT NULL, [minute] datetime2(3) NOT NULL, [exporter] nvarchar(45) COLLATE DATABASE_DEFAULT NULL, [protocol] smallint NOT NULL, [port] int NOT NULL, [flows] bigint NOT NULL, [packets] bigint NOT NULL, [octets] bigint NOT NULL, PRIMARY KEY ([row_no]))
ELSE
  TRUNCATE TABLE #hotstandby_applications_part;
IF OBJECT_ID(N'tempdb..#hotstandby_conversations_part') IS NULL
  CREATE TABLE #hotstandby_conversations_part ([row_no] int NOT NULL, [minute] datetime2(3) NOT NULL, [exporter] nvarchar(45) COLLATE DATABASE_DEFAULT NULL, [source_address] nvarchar(45) COLLATE DATABASE_DEFAULT NOT NULL, [destination_address] nvarchar(45) COLLATE DATABASE_DEFAULT NOT NULL, [protocol] smallint NOT NULL, [port] int NOT NULL, [flows] bigint NOT NULL, [packets] bigint NOT NULL, [octets] bigint NOT NULL, PRIMARY KEY ([row_no]))
ELSE
  TRUNCATE TABLE #hotstandby_conversations_part;
