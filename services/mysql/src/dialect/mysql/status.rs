//! What a probe asks for.

/// Receiver and applier of the channel. `SYSDATE` is read with the row, where
/// `NOW` would be the start of the text. An age is NULL when there is nothing
/// to be that old.
/// Whether the account that asks was the last to set `offline_mode`.
pub(super) const OFFLINE_IS_OURS: &str = "SELECT SET_USER = SUBSTRING_INDEX(USER(), '@', 1) \
     FROM performance_schema.variables_info WHERE VARIABLE_NAME = 'offline_mode'";

pub(super) const CHANNEL_STATUS: &str = "SELECT c.HOST AS host, c.PORT AS port, \
     c.AUTO_POSITION AS auto_position, c.HEARTBEAT_INTERVAL AS heartbeat, \
     s.SOURCE_UUID AS source_uuid, s.SERVICE_STATE AS receiver, \
     s.LAST_ERROR_NUMBER AS receiver_errno, s.LAST_ERROR_MESSAGE AS receiver_error, \
     s.RECEIVED_TRANSACTION_SET AS received, s.LAST_QUEUED_TRANSACTION AS last_queued, \
     TIMESTAMPDIFF(MICROSECOND, GREATEST(s.LAST_HEARTBEAT_TIMESTAMP, \
     s.LAST_QUEUED_TRANSACTION_END_QUEUE_TIMESTAMP, \
     s.QUEUEING_TRANSACTION_START_QUEUE_TIMESTAMP), SYSDATE(6)) AS heard_us, \
     TIMESTAMPDIFF(MICROSECOND, s.LAST_QUEUED_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP, \
     SYSDATE(6)) AS last_queued_us, \
     TIMESTAMPDIFF(MICROSECOND, s.QUEUEING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP, \
     SYSDATE(6)) AS queueing_us, \
     a.SERVICE_STATE AS applier, a.REMAINING_DELAY AS remaining_delay, \
     d.DESIRED_DELAY AS delay \
     FROM performance_schema.replication_connection_configuration c \
     JOIN performance_schema.replication_connection_status s USING (CHANNEL_NAME) \
     JOIN performance_schema.replication_applier_status a USING (CHANNEL_NAME) \
     JOIN performance_schema.replication_applier_configuration d USING (CHANNEL_NAME) \
     WHERE c.CHANNEL_NAME = ''";

/// What coordinator and workers are at, and what stopped them. A worker says
/// more than the coordinator, so it comes first.
pub(super) const APPLIERS: &str = "SELECT LAST_ERROR_NUMBER AS errno, LAST_ERROR_MESSAGE AS error, \
     APPLYING_TRANSACTION AS at_work, TIMESTAMPDIFF(MICROSECOND, \
     APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP, SYSDATE(6)) AS at_work_us \
     FROM performance_schema.replication_applier_status_by_worker WHERE CHANNEL_NAME = '' \
     AND (LAST_ERROR_NUMBER <> 0 OR APPLYING_TRANSACTION <> '') UNION ALL \
     SELECT LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE, PROCESSING_TRANSACTION, \
     TIMESTAMPDIFF(MICROSECOND, PROCESSING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP, SYSDATE(6)) \
     FROM performance_schema.replication_applier_status_by_coordinator WHERE CHANNEL_NAME = '' \
     AND (LAST_ERROR_NUMBER <> 0 OR PROCESSING_TRANSACTION <> '')";

/// NULL where the plugin is not loaded. A replica that connects anew is counted
/// twice until its old dump thread is gone, which may hang in a dead connection:
/// no more can acknowledge than have one, by the `server_uuid` they gave.
pub(super) const SEMI_SYNC_STATUS: &str = "SELECT \
     MAX(IF(VARIABLE_NAME IN ('Rpl_semi_sync_source_status', 'Rpl_semi_sync_master_status'), \
     VARIABLE_VALUE, NULL)) AS active, \
     MAX(IF(VARIABLE_NAME IN ('Rpl_semi_sync_replica_status', 'Rpl_semi_sync_slave_status'), \
     VARIABLE_VALUE, NULL)) AS acknowledges, \
     LEAST(CAST(MAX(IF(VARIABLE_NAME LIKE '%clients', VARIABLE_VALUE, NULL)) AS UNSIGNED), \
     (SELECT COUNT(DISTINCT COALESCE(CAST(v.VARIABLE_VALUE AS CHAR), t.THREAD_ID)) \
     FROM performance_schema.threads t LEFT JOIN performance_schema.user_variables_by_thread v \
     ON v.THREAD_ID = t.THREAD_ID AND v.VARIABLE_NAME IN ('replica_uuid', 'slave_uuid') \
     WHERE t.PROCESSLIST_COMMAND LIKE 'Binlog Dump%' AND COALESCE(t.PROCESSLIST_STATE, '') <> \
     'Waiting to finalize termination')) AS clients, \
     MAX(IF(VARIABLE_NAME LIKE '%sessions', VARIABLE_VALUE, NULL)) AS waiting \
     FROM performance_schema.global_status WHERE VARIABLE_NAME IN (\
     'Rpl_semi_sync_source_status', 'Rpl_semi_sync_master_status', \
     'Rpl_semi_sync_replica_status', 'Rpl_semi_sync_slave_status', \
     'Rpl_semi_sync_source_clients', 'Rpl_semi_sync_master_clients', \
     'Rpl_semi_sync_source_wait_sessions', 'Rpl_semi_sync_master_wait_sessions')";

/// Sessions that wait to commit, by what they wait for. A server that finds its
/// disk full says so in its error log, with the session's number, and lets it
/// wait as if for its turn.
pub(super) const STALLS: &str = "SELECT p.STATE AS state, COUNT(*) AS sessions, MAX(p.TIME) AS seconds, \
     MAX((SELECT MAX(e.DATA) FROM performance_schema.error_log e \
     WHERE e.ERROR_CODE = 'MY-000035' AND e.THREAD_ID = p.ID \
     AND e.LOGGED >= NOW(6) - INTERVAL p.TIME + 2 SECOND)) AS disk_full \
     FROM performance_schema.processlist p WHERE p.STATE LIKE 'Waiting for semi-sync ACK%' \
     OR p.STATE IN ('Waiting for global read lock', 'Waiting for commit lock', \
     'waiting for handler commit') GROUP BY p.STATE";

pub(super) const HELD: &str = "SELECT @@global.gtid_executed AS executed, \
     (SELECT RECEIVED_TRANSACTION_SET FROM performance_schema.replication_connection_status \
     WHERE CHANNEL_NAME = '') AS received";
