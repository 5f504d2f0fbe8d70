package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.CarriedContents.Relation;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent.Notice;
import org.pgmigrator.core.progress.ProgressEvent.Warning;
import org.pgmigrator.core.progress.ProgressListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gathers the planner's statistics on the target, which a dump does not carry: one short ANALYZE a table, several at a
/// time, the largest first. Tables that cannot be analysed are warned of; the copy is right without.
///
/// Runs on the caller's thread; an interrupt cancels the statements that run.
/// See https://www.postgresql.org/docs/current/sql-analyze.html
public final class TargetStatistics {

    private static final Logger LOG = LoggerFactory.getLogger(TargetStatistics.class);

    /// Nobody else should be using the target; an autovacuum worker gives way after a second.
    private static final String LOCK_TIMEOUT = "30s";

    private static final Duration CANCEL_LIMIT = Duration.ofSeconds(10);

    private final CopyConfig config;
    private final FilterConfig filter;
    private final Database target;
    private final ProgressListener listener;

    public TargetStatistics(CopyConfig config, FilterConfig filter, Database target, ProgressListener listener) {
        this.config = config;
        this.filter = filter;
        this.target = target;
        this.listener = listener;
    }

    /// Analyses every carried table and materialized view.
    ///
    /// @throws MigrationException a kind of the target, if the connection is lost
    public void gather() throws InterruptedException {
        Queue<QualifiedName> tables = new ConcurrentLinkedQueue<>(tables());
        int count = tables.size();
        AtomicReference<@Nullable MigrationException> failure = new AtomicReference<>();
        AtomicInteger done = new AtomicInteger();
        List<Worker> workers = new ArrayList<>();
        for (int i = 0; i < Math.min(config.jobs(), count); i++) {
            workers.add(new Worker(i + 1, tables, failure, done));
        }
        try {
            for (Worker worker : workers) {
                worker.thread.join();
            }
        } catch (InterruptedException stop) {
            tables.clear();
            workers.forEach(Worker::cancel);
            throw stop;
        }
        MigrationException lost = failure.get();
        if (lost != null) {
            throw lost;
        }
        listener.on(new Notice("Analysed " + done.get() + " of " + count + " tables on the target."));
    }

    /// A partitioned table's ANALYZE goes through its partitions, so these are not named themselves.
    private List<QualifiedName> tables() {
        try (Connection connection = target.connect(Session.named("analyze"))) {
            List<Relation> relations =
                    List.copyOf(RelationReader.read(connection, false).values());
            DumpFilter carried = new DumpFilter(filter, relations);
            return relations.stream()
                    .filter(relation -> "rpm".indexOf(relation.kind()) >= 0
                            && relation.root().isEmpty())
                    .filter(relation -> carried.carries(relation.oid()))
                    .sorted(Comparator.comparingLong(Relation::bytes).reversed())
                    .map(Relation::name)
                    .toList();
        } catch (SQLException failure) {
            throw SqlState.toException(target.side(), "The target's tables cannot be listed for ANALYZE.", failure);
        }
    }

    /// One session and its thread.
    private final class Worker {

        private final Queue<QualifiedName> tables;
        private final AtomicReference<@Nullable MigrationException> failure;
        private final AtomicInteger done;
        private final AtomicReference<@Nullable Statement> current = new AtomicReference<>();
        private final Thread thread;

        Worker(
                int number,
                Queue<QualifiedName> tables,
                AtomicReference<@Nullable MigrationException> failure,
                AtomicInteger done) {
            this.tables = tables;
            this.failure = failure;
            this.done = done;
            this.thread = Thread.ofPlatform().name("analyze-" + number).daemon().start(this::work);
        }

        private void work() {
            try (Connection connection = target.connect(Session.named("analyze").with("lock_timeout", LOCK_TIMEOUT));
                    Statement statement = connection.createStatement()) {
                current.set(statement);
                for (QualifiedName table = tables.poll(); table != null; table = tables.poll()) {
                    analyze(statement, table);
                }
            } catch (SQLException lost) {
                fail(SqlState.toException(target.side(), "ANALYZE has lost the target.", lost));
            } catch (MigrationException unreachable) {
                fail(unreachable);
            }
        }

        private void fail(MigrationException exception) {
            tables.clear();
            failure.compareAndSet(null, exception);
        }

        private void analyze(Statement statement, QualifiedName table) throws SQLException {
            try {
                statement.execute("analyze " + table.quoted());
                done.incrementAndGet();
                LOG.debug("analysed table={}", table);
            } catch (SQLException refused) {
                if (SqlState.isConnectionLoss(refused)) {
                    throw refused;
                }
                if (!SqlState.QUERY_CANCELED.equals(refused.getSQLState())) {
                    listener.on(new Warning("The target has no statistics of " + table + ": "
                            + SqlState.serverWords(refused) + ". ANALYZE it before opening the target."));
                }
            }
        }

        private void cancel() {
            try {
                Statement statement = current.get();
                if (statement != null) {
                    statement.cancel();
                }
                if (!thread.join(CANCEL_LIMIT)) {
                    LOG.warn("analyze does not hear its cancellation thread={}", thread.getName());
                }
            } catch (SQLException gone) {
                LOG.debug("analyze was over already reason={}", gone.getMessage());
            } catch (InterruptedException again) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
