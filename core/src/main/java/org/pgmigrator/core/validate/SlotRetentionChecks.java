package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalLong;

/// Whether the source, or the operator, lets the slot keep what the copy is expected to make it keep.
final class SlotRetentionChecks {

    /// Dump, restore and indexes together; large databases mostly go faster, those with many indexes slower.
    private static final long COPY_BYTES_PER_SECOND = 20L << 20;

    private static final long SHORTEST_COPY_SECONDS = 600;

    /// So small a limit is used up by one burst of writes, whatever the average is.
    private static final long SMALL_LIMIT = 1L << 30;

    /// The application's busy hours write more than its average.
    private static final int MARGIN = 2;

    /// Since its statistics were last reset.
    private static final String BYTES_PER_SECOND = """
            select (wal_bytes / greatest(extract(epoch from clock_timestamp() - stats_reset), 60))::bigint
            from pg_stat_wal
            """;

    private SlotRetentionChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(new Check<>("slot-retention", SlotRetentionChecks::retention));
    }

    private static void retention(SourceView view, Findings findings) throws SQLException {
        if (!view.online()) {
            findings.ok("An offline migration retains no WAL.");
            return;
        }
        Expected expected = Expected.of(view.connection());
        keepSize(view.connection(), expected, findings);
        ownLimit(view.request().replication().retention().maxBytes(), expected, findings);
        idleTimeout(view.connection(), findings);
    }

    private static void keepSize(Connection source, Expected expected, Findings findings) throws SQLException {
        long limitMegabytes =
                Query.number(source, "select setting::bigint from pg_settings where name = 'max_slot_wal_keep_size'");
        if (limitMegabytes < 0) {
            findings.ok("The source keeps WAL for slots without limit (max_slot_wal_keep_size = -1);"
                    + " watch the free space under pg_wal. " + expected.sentence());
            return;
        }
        if (expected.fits(limitMegabytes << 20)) {
            findings.ok("max_slot_wal_keep_size of the source is " + limitMegabytes + " MB. " + expected.sentence());
            return;
        }
        findings.warning(
                "max_slot_wal_keep_size of the source is " + limitMegabytes + " MB.",
                expected.sentence()
                        + " If more than that limit is written while the database is being copied, the slot is"
                        + " invalidated and the copy has to start again.",
                "ALTER SYSTEM SET max_slot_wal_keep_size = -1;",
                "SELECT pg_reload_conf();",
                "Watch the free space under pg_wal for the time of the migration, or keep changes on this machine instead:"
                        + " --spool-dir.");
    }

    private static void ownLimit(OptionalLong limit, Expected expected, Findings findings) {
        if (limit.isPresent() && !expected.fits(limit.getAsLong())) {
            findings.warning(
                    "--max-slot-retained is " + Words.bytes(limit.getAsLong()) + ".",
                    expected.sentence() + " At the limit the copy is given up and undone.",
                    "Use --spool-dir, or a larger --max-slot-retained if the source's disk has room for it.");
        }
    }

    private static void idleTimeout(Connection source, Findings findings) throws SQLException {
        long idleSeconds = Query.number(
                source,
                "select coalesce(max(setting::bigint), 0) from pg_settings where name = 'idle_replication_slot_timeout'");
        if (idleSeconds > 0) {
            findings.warning(
                    "idle_replication_slot_timeout of the source is " + idleSeconds + " s.",
                    "The slot is idle during the copy; if that takes longer, a checkpoint invalidates the slot.",
                    "ALTER SYSTEM SET idle_replication_slot_timeout = 0;",
                    "SELECT pg_reload_conf();");
        }
    }

    /// What the slot will keep by the end of the copy, without a spool, if the source goes on as it did.
    private record Expected(long databaseBytes, long bytesPerSecond, long seconds) {

        static Expected of(Connection source) throws SQLException {
            long bytes = Query.number(source, "select pg_database_size(current_database())");
            return new Expected(
                    bytes,
                    Query.number(source, BYTES_PER_SECOND),
                    Math.max(SHORTEST_COPY_SECONDS, bytes / COPY_BYTES_PER_SECOND));
        }

        private long bytes() {
            return bytesPerSecond * seconds;
        }

        boolean fits(long limit) {
            return limit >= SMALL_LIMIT && limit / MARGIN >= bytes();
        }

        String sentence() {
            return "The source has written " + Words.bytes(bytesPerSecond) + " of WAL a second on average; a copy of "
                    + Words.bytes(databaseBytes) + " that takes " + seconds / 60 + " minutes makes the slot keep about "
                    + Words.bytes(bytes()) + " of it, unless --spool-dir is used.";
        }
    }
}
