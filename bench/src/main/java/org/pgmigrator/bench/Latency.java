package org.pgmigrator.bench;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// From the return of a commit on the source until a query on the target sees its rows, at a steady rate.
final class Latency {

    private static final int CHANGES_PER_SECOND = 2_000;

    /// The JIT compiler's time, which is not counted.
    private static final Duration WARM_UP = Duration.ofSeconds(5);

    private static final Duration LAST_ARRIVAL_LIMIT = Duration.ofSeconds(60);

    /// Between two looks at the target: what the figures are exact to.
    private static final long LOOK_NANOS = 200_000;

    private final Run run;
    private final int warmUpTransactions;
    private final int transactions;
    private final long gapNanos;
    private final AtomicLongArray committed;
    private final AtomicLongArray seen;
    private volatile @Nullable Exception writerFailure;

    private Latency(Run run, Duration warmUp, Duration measured) {
        this.run = run;
        int perSecond = CHANGES_PER_SECOND / Backlog.LIVE_CHANGES;
        this.gapNanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
        this.warmUpTransactions = Math.toIntExact(warmUp.toMillis() * perSecond / 1_000);
        this.transactions = warmUpTransactions + Math.toIntExact(measured.toMillis() * perSecond / 1_000);
        // Counted from 1.
        this.committed = new AtomicLongArray(transactions + 1);
        this.seen = new AtomicLongArray(transactions + 1);
    }

    /// Lets the contender follow a live stream.
    ///
    /// @param measured how long, after the warm-up
    /// @return milliseconds, one figure for each transaction
    static List<Double> measure(Arena arena, Contender contender, Duration measured)
            throws SQLException, IOException, InterruptedException {
        Run run = arena.newRun();
        Latency latency = new Latency(run, WARM_UP, measured);
        try (Contender.Applying applying = contender.prepare(run)) {
            applying.go();
            latency.run(applying);
            ContentHash.of(run.source(), run.sourceDatabase())
                    .requireSame(ContentHash.of(run.target(), run.targetDatabase()), contender.name());
        }
        arena.discard(run);
        return latency.milliseconds();
    }

    private void run(Contender.Applying applying) throws SQLException, InterruptedException {
        Thread writer = Thread.ofPlatform().name("live-writer").start(this::write);
        try {
            watch(applying);
        } finally {
            writer.interrupt();
            writer.join();
        }
    }

    private void write() {
        try (Connection connection = run.source().connect(run.sourceDatabase());
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            long start = System.nanoTime();
            for (int i = 1; i <= transactions && !Thread.currentThread().isInterrupted(); i++) {
                LockSupport.parkNanos(start + i * gapNanos - System.nanoTime());
                for (String sql : Backlog.liveTransaction(i)) {
                    statement.execute(sql);
                }
                connection.commit();
                committed.set(i, System.nanoTime());
            }
        } catch (SQLException | RuntimeException failed) {
            writerFailure = failed;
        }
    }

    private void watch(Contender.Applying applying) throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + transactions * gapNanos + LAST_ARRIVAL_LIMIT.toNanos();
        int last = 0;
        try (Connection watcher = run.target().connect(run.targetDatabase());
                Statement statement = watcher.createStatement()) {
            while (last < transactions) {
                int visible = visible(statement);
                long now = System.nanoTime();
                while (last < visible) {
                    seen.set(++last, now);
                }
                applying.requireAlive();
                if (writerFailure != null || now > deadline) {
                    throw new BenchException("the live stream has stopped at transaction " + last + " of "
                            + transactions + (writerFailure == null ? "" : ": " + writerFailure));
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
    }

    private static int visible(Statement statement) throws SQLException {
        // By the primary key, whose order is the transactions'.
        try (ResultSet row =
                statement.executeQuery("SELECT transaction FROM " + Backlog.LIVE_TABLE + " ORDER BY id DESC LIMIT 1")) {
            return row.next() ? row.getInt(1) : 0;
        }
    }

    private List<Double> milliseconds() {
        List<Double> milliseconds = new ArrayList<>();
        for (int i = warmUpTransactions + 1; i <= transactions; i++) {
            // The target may be quicker than the answer to the writer.
            milliseconds.add(Math.max(0, seen.get(i) - committed.get(i)) / 1e6);
        }
        return milliseconds;
    }
}
