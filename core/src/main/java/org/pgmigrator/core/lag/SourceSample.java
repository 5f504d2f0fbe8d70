package org.pgmigrator.core.lag;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalLong;
import org.pgmigrator.decoder.Lsn;

/// What the source says at one moment.
///
/// @param flushLsn      `pg_current_wal_flush_lsn()`
/// @param walStatus     `wal_status` of the slot; `missing` if the slot does not exist
/// @param confirmedFlush `confirmed_flush_lsn` of the slot; 0/0 if it does not exist
/// @param retainedBytes WAL between the slot's `restart_lsn` and the present; empty if unknown
/// @param safeWalBytes  WAL that may still be written before the slot is in danger; empty without a limit
/// Source: https://www.postgresql.org/docs/current/view-pg-replication-slots.html
public record SourceSample(
        Lsn flushLsn,
        String walStatus,
        Lsn confirmedFlush,
        boolean active,
        OptionalLong retainedBytes,
        OptionalLong safeWalBytes) {

    private static final String QUERY = """
            select pg_current_wal_flush_lsn()::text, coalesce(s.wal_status, 'lost'), s.confirmed_flush_lsn::text,
                   coalesce(s.active, false), pg_wal_lsn_diff(pg_current_wal_flush_lsn(), s.restart_lsn)::int8,
                   s.safe_wal_size, s.slot_name is null
            from (select 1) one left join pg_replication_slots s on s.slot_name = ?
            """;

    public static SourceSample take(Connection source, String slot) throws SQLException {
        try (PreparedStatement statement = source.prepareStatement(QUERY)) {
            statement.setString(1, slot);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                String confirmed = row.getString(3);
                return new SourceSample(
                        Lsn.parse(row.getString(1)),
                        row.getBoolean(7) ? "missing" : row.getString(2),
                        confirmed == null ? Lsn.INVALID : Lsn.parse(confirmed),
                        row.getBoolean(4),
                        optionalLong(row, 5),
                        optionalLong(row, 6));
            }
        }
    }

    private static OptionalLong optionalLong(ResultSet row, int column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(Math.max(value, 0));
    }

    /// Whether the slot can still be read.
    public boolean slotUsable() {
        return !walStatus.equals("lost") && !walStatus.equals("missing");
    }
}
