package org.pgmigrator.sandbox.workload;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.sandbox.server.ConnectionSource;

/// One session's thread: transaction after transaction, and after any refusal the next attempt.
final class WorkloadClient {

    private final Workload workload;
    private final RandomGenerator random;
    private final Pace pace;
    private final Tally tally;
    private final Supplier<ConnectionSource> database;
    private final Thread thread;

    private volatile @Nullable Connection connection;
    private @Nullable ConnectionSource connectedTo;
    private volatile @Nullable RuntimeException failure;

    WorkloadClient(
            Workload workload, int number, long seed, Pace pace, Tally tally, Supplier<ConnectionSource> database) {
        this.workload = workload;
        this.random = new SplittableRandom(seed * 1_000_003 + number);
        this.pace = pace;
        this.tally = tally;
        this.database = database;
        thread = Thread.ofPlatform().daemon().name("workload-" + (number + 1)).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    @Nullable
    RuntimeException failure() {
        return failure;
    }

    /// Waits for the thread's end, and ends its session if that does not come in time.
    ///
    /// @param until in terms of `System.nanoTime()`
    /// @return whether the caller was interrupted, which ends the patience too
    boolean end(long until) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            long left = interrupted ? 0 : until - System.nanoTime();
            if (left <= 0) {
                abort();
            }
            try {
                TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(left, TimeUnit.MILLISECONDS.toNanos(100)));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        return interrupted;
    }

    private void abort() {
        Connection current = connection;
        if (current != null) {
            try {
                current.abort(Runnable::run);
            } catch (SQLException e) {
                // It is closed already; the thread ends by itself.
            }
        }
    }

    private void run() {
        try {
            while (pace.awaitTurn()) {
                attempt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            failure = e;
        } finally {
            disconnect();
        }
    }

    private void attempt() throws InterruptedException {
        boolean committing = false;
        try {
            Connection current = connected();
            if (workload.transaction(current, random)) {
                committing = true;
                current.commit();
                tally.countCommit();
            } else {
                current.rollback();
                tally.countRollback();
            }
        } catch (SQLException e) {
            if (!pace.isStopping() || !isSessionLost(e)) {
                count(e, committing);
            }
            recover();
        }
    }

    private void count(SQLException e, boolean committing) throws InterruptedException {
        String state = String.valueOf(e.getSQLState());
        if (state.equals("40001") || state.equals("40P01")) {
            tally.countConflict();
            return;
        }
        if (committing && isSessionLost(e)) {
            tally.countUnknown();
        }
        tally.countRefusal(e);
        pace.pauseAfterRefusal();
    }

    private static boolean isSessionLost(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return state.startsWith("08") || state.startsWith("57P");
    }

    private Connection connected() throws SQLException {
        ConnectionSource wanted = database.get();
        Connection current = connection;
        if (current != null && wanted.equals(connectedTo)) {
            return current;
        }
        disconnect();
        Connection opened = wanted.open();
        connection = opened;
        connectedTo = wanted;
        opened.setAutoCommit(false);
        return opened;
    }

    private void recover() {
        Connection current = connection;
        try {
            if (current != null) {
                current.rollback();
            }
        } catch (SQLException e) {
            disconnect();
        }
    }

    private void disconnect() {
        Connection current = connection;
        connection = null;
        if (current != null) {
            try {
                current.close();
            } catch (SQLException e) {
                // The session is gone either way.
            }
        }
    }
}
