package org.pgmigrator.bench.cutover;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.bench.BenchException;
import org.pgmigrator.sandbox.server.PostgresServer;

/// An application that inserts a row every millisecond, and goes to the target when the source refuses it, with a new
/// connection for each attempt, as long as that refuses too. A thread of its own; closing it ends it.
final class MillisecondClient implements AutoCloseable {

    private static final String INSERT = "INSERT INTO t1 (note) VALUES (?)";
    private static final String NOTE = "client ";
    private static final long INTERVAL_NANOS = 1_000_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ManyTables.Databases databases;
    private final Thread thread = Thread.ofPlatform().daemon().name("client").unstarted(this::run);
    private final CountDownLatch onTarget = new CountDownLatch(1);
    private volatile boolean stopped;
    private volatile @Nullable String failure;
    private final AtomicLong committed = new AtomicLong();
    private volatile long lastOnSource;
    private volatile long firstOnTarget;

    private MillisecondClient(ManyTables.Databases databases) {
        this.databases = databases;
    }

    static MillisecondClient start(ManyTables.Databases databases) {
        MillisecondClient client = new MillisecondClient(databases);
        client.thread.start();
        return client;
    }

    private void run() {
        try (Connection source = databases.source().connect(databases.name())) {
            writeUntilRefused(source);
        } catch (SQLException lost) {
            failure = "the client lost the source: " + lost.getMessage();
        }
        while (!stopped && onTarget.getCount() > 0) {
            tryTarget();
        }
    }

    private void writeUntilRefused(Connection source) throws SQLException {
        try (PreparedStatement insert = source.prepareStatement(INSERT)) {
            long next = System.nanoTime();
            while (!stopped) {
                if (!wrote(insert)) {
                    return;
                }
                lastOnSource = System.nanoTime();
                next = Math.max(next + INTERVAL_NANOS, lastOnSource);
                LockSupport.parkNanos(next - lastOnSource);
            }
        }
    }

    /// @return false if the server does not take writes
    private boolean wrote(PreparedStatement insert) throws SQLException {
        try {
            insert.setString(1, NOTE + (committed.get() + 1));
            insert.execute();
            committed.incrementAndGet();
            return true;
        } catch (SQLException refusal) {
            if ("25006".equals(refusal.getSQLState()) || isConnectionLost(refusal)) {
                return false;
            }
            throw refusal;
        }
    }

    private static boolean isConnectionLost(SQLException refusal) {
        String state = String.valueOf(refusal.getSQLState());
        return state.startsWith("08") || state.startsWith("57P");
    }

    private void tryTarget() {
        PostgresServer target = databases.target();
        try (Connection connection = target.connect(databases.name());
                PreparedStatement insert = connection.prepareStatement(INSERT)) {
            if (wrote(insert)) {
                firstOnTarget = System.nanoTime();
                onTarget.countDown();
            }
        } catch (SQLException refusal) {
            failure = "the client lost the target: " + refusal.getMessage();
            stopped = true;
        }
    }

    /// What it saw, once it has written to the target.
    Downtime.Observed awaitTarget() throws InterruptedException {
        if (!onTarget.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new BenchException("the client has not reached the target: " + failure);
        }
        return new Downtime.Observed((firstOnTarget - lastOnSource) / 1e6);
    }

    /// @throws BenchException if a row whose commit the client was told of is not there, or twice
    void requireAllOnTarget() throws SQLException {
        String found = databases
                .target()
                .value(
                        databases.name(),
                        "SELECT count(DISTINCT note) || ' of ' || count(*) FROM t1 WHERE note LIKE '" + NOTE + "%'");
        long wanted = committed.get();
        if (!found.equals(wanted + " of " + wanted)) {
            throw new BenchException(wanted + " rows were committed, the target has " + found);
        }
    }

    @Override
    public void close() {
        stopped = true;
        try {
            thread.join(PATIENCE.toMillis());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
