package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SessionEnd;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressListener;

/// Copies rows from one server to the other by COPY, several parts at a time, each in one transaction of the target
/// that
/// also marks it as done. All of it is read under one snapshot.
///
/// Runs on the caller's thread, with a thread and a session on each side for each worker; an interrupt ends them all,
/// and what was not committed is not there. A lost session is made anew, and a part that
/// the target has no room for is tried again, if the caller has patience.
///
/// See https://www.postgresql.org/docs/current/sql-copy.html
public final class RowCopy {

    /// A session that waits for a table's lock waits behind somebody who waits for the snapshot's own one, and would so
    /// wait for ever. In the form of `lock_timeout`.
    public static final String LOCK_TIMEOUT = "15s";

    private static final Duration END_LIMIT = Duration.ofSeconds(30);

    private final CopyConfig config;
    private final Database source;
    private final Database target;
    private final ProgressListener listener;
    private final String lockTimeout;

    /// What to do about a session that was lost, or a target without room.
    @FunctionalInterface
    public interface Patience {
        /// Waits, and returns if the part is to be tried once more. Called by several threads.
        ///
        /// @throws MigrationException what ends the copy, the given one in the end
        void afterLoss(RowUnit unit, MigrationException lost) throws InterruptedException;

        /// A part that was tried once more is complete. Called by several threads.
        default void isMadeGood(RowUnit unit) {}
    }

    public RowCopy(CopyConfig config, Database source, Database target, ProgressListener listener) {
        this(config, source, target, listener, LOCK_TIMEOUT);
    }

    RowCopy(CopyConfig config, Database source, Database target, ProgressListener listener, String lockTimeout) {
        this.config = config;
        this.source = source;
        this.target = target;
        this.listener = listener;
        this.lockTimeout = lockTimeout;
    }

    /// Copies the parts that are not done.
    ///
    /// @param snapshot which all of it is read under
    /// @param plan     all parts
    /// @param done     the numbers of those that are complete
    /// What was copied is what the marks say in the end, not that this returns.
    ///
    /// @throws InterruptedException when every worker has ended
    /// @throws MigrationException `SNAPSHOT_GONE`, `DUMP_FAILED` or `RESTORE_FAILED` for a part that a server refuses,
    /// or a side's kinds
    public void run(String snapshot, List<RowUnit> plan, List<Integer> done, DoneMarks marks, Patience patience)
            throws InterruptedException {
        CopyMonitor monitor = new CopyMonitor(
                Phase.RESTORE,
                target,
                listener,
                plan.size(),
                plan.stream().mapToLong(RowUnit::bytes).sum());
        Queue<RowUnit> missing = new ConcurrentLinkedQueue<>();
        for (RowUnit unit : plan) {
            if (done.contains(unit.number())) {
                monitor.begun(unit.number(), unit.table().toString(), unit.bytes());
                monitor.finished(unit.number());
            } else {
                missing.add(unit);
            }
        }
        try (monitor) {
            monitor.start();
            Map<String, RowTable> tables = RowTable.read(snapshot, lockTimeout, source, target, missing);
            Queue<RowUnit> ofExtensions = takeOfExtensions(tables, missing);
            work(config.jobs(), snapshot, tables, missing, marks, patience, monitor);
            work(1, snapshot, tables, ofExtensions, marks, patience, monitor);
            monitor.complete();
        }
    }

    /// Those tables come with their foreign keys and triggers: they are filled one by one, in the plan's order.
    private static Queue<RowUnit> takeOfExtensions(Map<String, RowTable> tables, Queue<RowUnit> missing) {
        Queue<RowUnit> ofExtensions = new ConcurrentLinkedQueue<>();
        for (RowUnit unit : missing) {
            RowTable table = tables.get(unit.table().toString());
            if (table != null && table.ofExtension()) {
                ofExtensions.add(unit);
            }
        }
        missing.removeAll(ofExtensions);
        return ofExtensions;
    }

    private void work(
            int jobs,
            String snapshot,
            Map<String, RowTable> tables,
            Queue<RowUnit> missing,
            DoneMarks marks,
            Patience patience,
            CopyMonitor monitor)
            throws InterruptedException {
        AtomicReference<@Nullable MigrationException> failure = new AtomicReference<>();
        List<Worker> workers = new ArrayList<>();
        try {
            for (int i = 1; i <= Math.min(jobs, missing.size()); i++) {
                Worker worker = new Worker(snapshot, tables, missing, marks, patience, monitor, failure);
                workers.add(worker);
                worker.thread.setName("copy-" + i);
                worker.thread.start();
            }
            for (Worker worker : workers) {
                worker.thread.join();
            }
        } finally {
            missing.clear();
            workers.forEach(Worker::end);
        }
        MigrationException first = failure.get();
        if (first != null) {
            throw first;
        }
    }

    /// One thread, with its two sessions.
    private final class Worker {
        private final String snapshot;
        private final Map<String, RowTable> tables;
        private final Queue<RowUnit> missing;
        private final DoneMarks marks;
        private final Patience patience;
        private final CopyMonitor monitor;
        private final AtomicReference<@Nullable MigrationException> failure;
        private final Thread thread = Thread.ofPlatform().daemon().unstarted(this::run);
        private volatile @Nullable Connection from;
        private volatile @Nullable Connection to;
        private volatile boolean ended;

        Worker(
                String snapshot,
                Map<String, RowTable> tables,
                Queue<RowUnit> missing,
                DoneMarks marks,
                Patience patience,
                CopyMonitor monitor,
                AtomicReference<@Nullable MigrationException> failure) {
            this.snapshot = snapshot;
            this.tables = tables;
            this.missing = missing;
            this.marks = marks;
            this.patience = patience;
            this.monitor = monitor;
            this.failure = failure;
        }

        private void run() {
            try {
                RowUnit unit = missing.poll();
                while (unit != null && failure.get() == null) {
                    monitor.begun(unit.number(), unit.table().toString(), unit.bytes());
                    copyPatiently(unit);
                    monitor.finished(unit.number());
                    unit = missing.poll();
                }
            } catch (MigrationException failed) {
                failure.compareAndSet(null, failed);
                missing.clear();
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException | Error bug) {
                // Whatever it is: what this worker has left undone must not pass for copied.
                failure.compareAndSet(
                        null,
                        new MigrationException(
                                Failure.of(FailureKind.BUG, "The copy of the rows failed.", bug.toString()), bug));
                missing.clear();
            } finally {
                disconnect();
            }
        }

        private void copyPatiently(RowUnit unit) throws InterruptedException {
            boolean lost = false;
            while (true) {
                try {
                    copy(unit, lost);
                    if (lost) {
                        patience.isMadeGood(unit);
                    }
                    return;
                } catch (MigrationException failed) {
                    disconnect();
                    if (ended
                            || failure.get() != null
                            || !failed.failure().kind().isOutage()) {
                        throw failed;
                    }
                    patience.afterLoss(unit, failed);
                    lost = true;
                }
            }
        }

        /// @param again whether the last word on it was not heard: it may have been committed
        private void copy(RowUnit unit, boolean again) throws InterruptedException {
            Connection writing = target();
            try {
                if (again && marks.isDone(writing, unit)) {
                    writing.rollback();
                    return;
                }
            } catch (SQLException refusal) {
                throw SqlState.toException(Side.TARGET, "The marks of the copy could not be read.", refusal);
            }
            RowTable table = tables.get(unit.table().toString());
            if (table == null) {
                throw new MigrationException(Failure.of(
                                FailureKind.DUMP_FAILED,
                                "The rows of " + unit.table() + " cannot be copied by themselves.",
                                "it is not among the tables that both sides have")
                        .withRemedy("Let pg_dump copy them: --copy dump."));
            }
            long rows;
            try {
                rows = RowPipe.copy(source(), writing, table, unit);
            } catch (MigrationException refused) {
                throw withBlockers(refused);
            }
            try {
                marks.mark(writing, unit, rows);
                writing.commit();
                FaultPoint.PART_COPIED.reached();
            } catch (SQLException refusal) {
                throw SqlState.toException(
                        Side.TARGET, "The rows of " + unit + " could not be committed on the target.", refusal);
            }
        }

        private MigrationException withBlockers(MigrationException refused) {
            if (!(refused.getCause() instanceof SQLException reason)
                    || !SqlState.LOCK_NOT_AVAILABLE.equals(reason.getSQLState())) {
                return refused;
            }
            FailureKind kind = refused.failure().kind();
            return new MigrationException(
                    LockBlockers.failure(
                            kind == FailureKind.DUMP_FAILED ? source : target,
                            kind,
                            refused.failure().what(),
                            refused.failure().why()),
                    reason);
        }

        private Connection source() {
            Connection open = from;
            if (open == null) {
                open = under(source, snapshot, lockTimeout);
                from = open;
                requireWanted();
            }
            return open;
        }

        private Connection target() {
            Connection open = to;
            if (open == null) {
                open = target.connect(Session.named("copy").with("xmloption", "content"));
                to = open;
                requireWanted();
                try {
                    open.setAutoCommit(false);
                } catch (SQLException lost) {
                    throw SqlState.toException(Side.TARGET, "A session of the copy was lost.", lost);
                }
            }
            return open;
        }

        private void requireWanted() {
            if (ended) {
                throw new MigrationException(
                        Failure.of(FailureKind.TARGET_UNREACHABLE, "The copy is being stopped.", ""));
            }
        }

        private void disconnect() {
            SessionEnd.close(from);
            SessionEnd.close(to);
            from = null;
            to = null;
        }

        /// From another thread: what is under way fails, and nothing of it is committed.
        void end() {
            ended = true;
            thread.interrupt();
            SessionEnd.cut(from);
            SessionEnd.cut(to);
            boolean interrupted = false;
            long deadline = System.nanoTime() + END_LIMIT.toNanos();
            while (thread.isAlive() && System.nanoTime() < deadline) {
                try {
                    thread.join(Duration.ofMillis(100));
                    SessionEnd.cut(from);
                    SessionEnd.cut(to);
                } catch (InterruptedException later) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// A session whose transaction reads under a snapshot.
    ///
    /// @throws MigrationException `SNAPSHOT_GONE`
    public static Connection under(Database source, String snapshot, String lockTimeout) {
        Connection connection = source.connect(Session.named("copy").with("lock_timeout", lockTimeout));
        try (Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("set transaction isolation level repeatable read, read only");
            statement.execute("set transaction snapshot '" + snapshot.replace("'", "''") + "'");
            return connection;
        } catch (SQLException failure) {
            SessionEnd.close(connection);
            if (SqlState.isConnectionLoss(failure)) {
                throw SqlState.toException(Side.SOURCE, "A session of the copy was lost.", failure);
            }
            throw new MigrationException(
                    Failure.of(
                            FailureKind.SNAPSHOT_GONE,
                            "The snapshot of the copy is gone: its session has ended.",
                            SqlState.serverWords(failure)),
                    failure);
        }
    }
}
