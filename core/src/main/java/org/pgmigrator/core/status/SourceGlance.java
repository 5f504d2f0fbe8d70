package org.pgmigrator.core.status;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.cutover.Fence;
import org.pgmigrator.core.cutover.FenceState;
import org.pgmigrator.core.lag.PinningTransaction;
import org.pgmigrator.core.lag.SlotWords;
import org.pgmigrator.core.lag.SourceSample;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.state.MigrationRecord;
import org.pgmigrator.decoder.Lsn;

/// What the source says to somebody who only looks.
final class SourceGlance {

    private static final String LOCK = """
            select a.pid,
                   (select count(*) from pg_locks l where l.pid = a.pid and l.locktype = 'relation' and l.granted
                      and l.mode in ('ExclusiveLock', 'AccessExclusiveLock')
                      and l.relation >= 16384),
                   exists (select from pg_locks l where l.pid = a.pid and not l.granted),
                   (select count(*) from pg_stat_activity w where a.pid = any(pg_blocking_pids(w.pid))),
                   coalesce(extract(epoch from clock_timestamp() - a.xact_start), 0)
            from pg_stat_activity a
            where a.datname = current_database() and a.application_name like '%s%%'
              and a.application_name not like '%%lock observer' and a.xact_start is not null
            order by 2 desc limit 1
            """.formatted(Session.NAME_PREFIX + "source lock");

    /// Less than a segment or two is kept at any time.
    private static final long MUCH_PINNED = 32L << 20;

    private SourceGlance() {}

    static StatusReport.SourceSide take(Connection source, MigrationRecord migration) throws SQLException {
        SourceSample sample = SourceSample.take(source, migration.origin().slot());
        return new StatusReport.SourceSide(
                sample.flushLsn(),
                sample.walStatus(),
                sample.active(),
                sample.walStatus().equals("missing") || sample.confirmedFlush().equals(Lsn.INVALID)
                        ? Optional.empty()
                        : Optional.of(sample.confirmedFlush()),
                sample.retainedBytes(),
                sample.safeWalBytes(),
                sample.pinnedBytes(),
                sample.pinnedBytes() < MUCH_PINNED
                        ? Optional.empty()
                        : PinningTransaction.oldest(source)
                                .map(oldest -> oldest.who() + ", open for " + SlotWords.time(oldest.open())),
                schemaChanges(source, migration),
                prepared(source),
                lock(source),
                closedSince(source));
    }

    private static Optional<String> closedSince(Connection source) throws SQLException {
        FenceState fence = Fence.state(source);
        return switch (fence.presence()) {
            case ABSENT -> Optional.empty();
            case EXISTS -> Optional.of(fence.since());
            case PARTIAL -> Optional.of("unknown, and only " + fence.present() + " tables still are");
        };
    }

    private static List<String> schemaChanges(Connection source, MigrationRecord migration) throws SQLException {
        if (migration.fingerprint().isEmpty()) {
            return List.of();
        }
        FilterConfig filter = migration.origin().filter();
        CatalogFingerprint now = CatalogFingerprint.of(Catalog.tables(source).stream()
                .filter(table -> table.isCarriedBy(filter))
                .toList());
        return migration.fingerprint().get().differences(now);
    }

    private static List<String> prepared(Connection source) throws SQLException {
        List<String> prepared = new ArrayList<>();
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery(
                        "select gid from pg_prepared_xacts where database = current_database() order by prepared")) {
            while (row.next()) {
                prepared.add(row.getString(1));
            }
        }
        return prepared;
    }

    private static Optional<StatusReport.SourceSide.Lock> lock(Connection source) throws SQLException {
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery(LOCK)) {
            return row.next()
                    ? Optional.of(new StatusReport.SourceSide.Lock(
                            row.getInt(1), row.getInt(2), row.getBoolean(3), row.getInt(4), Duration.ofMillis((long)
                                    (row.getDouble(5) * 1000))))
                    : Optional.empty();
        }
    }
}
