package org.pgmigrator.core.lag;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.decoder.Lsn;

/// What the source says at one moment.
///
/// @param flushLsn      `pg_current_wal_flush_lsn()`
/// @param walStatus     `wal_status` of the slot; `missing` if the slot does not exist
/// @param invalidation  `invalidation_reason` of the slot; empty if it is valid, and before PostgreSQL 17
/// @param restart       `restart_lsn` of the slot, from where the source keeps its WAL; 0/0 if it keeps none
/// @param confirmedFlush `confirmed_flush_lsn` of the slot; 0/0 if it does not exist
/// @param retainedBytes WAL between the slot's `restart_lsn` and the present; empty if unknown
/// @param safeWalBytes  WAL that may still be written before the slot is in danger; empty without a limit
/// @param keepSize      `max_slot_wal_keep_size` as the server shows it; `-1` without a limit
/// @param idleMillisLeft how long nobody may still read from the slot before a checkpoint invalidates it
///     (`idle_replication_slot_timeout` of PostgreSQL 18); empty without a limit, and while it is in use
/// Source: https://www.postgresql.org/docs/current/view-pg-replication-slots.html
public record SourceSample(
        Lsn flushLsn,
        String walStatus,
        String invalidation,
        Lsn restart,
        Lsn confirmedFlush,
        boolean active,
        OptionalLong retainedBytes,
        OptionalLong safeWalBytes,
        String keepSize,
        OptionalLong idleMillisLeft) {

    /// What older servers do not have comes as null.
    private static final String QUERY = """
            select pg_current_wal_flush_lsn()::text, coalesce(s.wal_status, 'lost'), s.confirmed_flush_lsn::text,
                   coalesce(s.active, false), pg_wal_lsn_diff(pg_current_wal_flush_lsn(), s.restart_lsn)::int8,
                   s.safe_wal_size, s.slot_name is null, s.restart_lsn::text,
                   to_jsonb(s) ->> 'invalidation_reason', current_setting('max_slot_wal_keep_size'),
                   case when current_setting('idle_replication_slot_timeout', true)::interval > interval '0'
                        then (extract(epoch from (to_jsonb(s) ->> 'inactive_since')::timestamptz - clock_timestamp()
                                + current_setting('idle_replication_slot_timeout', true)::interval) * 1000)::int8 end
            from (select 1) one left join pg_replication_slots s on s.slot_name = ?
            """;

    public static SourceSample take(Connection source, String slot) throws SQLException {
        try (PreparedStatement statement = source.prepareStatement(QUERY)) {
            statement.setString(1, slot);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                String invalidation = row.getString(9);
                return new SourceSample(
                        Lsn.parse(row.getString(1)),
                        row.getBoolean(7) ? "missing" : row.getString(2),
                        invalidation == null ? "" : invalidation,
                        lsn(row.getString(8)),
                        lsn(row.getString(3)),
                        row.getBoolean(4),
                        optionalLong(row, 5),
                        optionalLong(row, 6),
                        row.getString(10),
                        optionalLong(row, 11));
            }
        }
    }

    private static Lsn lsn(@Nullable String text) {
        return text == null ? Lsn.INVALID : Lsn.parse(text);
    }

    private static OptionalLong optionalLong(ResultSet row, int column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(Math.max(value, 0));
    }

    /// Whether the slot can still be read.
    public boolean slotUsable() {
        return !walStatus.equals("lost") && !walStatus.equals("missing");
    }

    /// WAL that is kept although the reader has confirmed it: transactions that are open on the source need it, to be
    /// decoded from their beginning.
    public long pinnedBytes() {
        return restart.equals(Lsn.INVALID) ? 0 : Math.max(0, confirmedFlush.bytesSince(restart));
    }
}
