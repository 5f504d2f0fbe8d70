package org.pgmigrator.sandbox.workload;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.sandbox.server.ConnectionSource;

/// A workload under way. Thread-safe.
public final class WorkloadRun implements AutoCloseable {

    /// A client may wait for a lock: it gets this long to finish its transaction, then loses its session.
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Tally tally = new Tally();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final List<WorkloadClient> clients;
    private volatile ConnectionSource database;
    private volatile long end;

    WorkloadRun(WorkloadOptions options, ConnectionSource database) {
        this.database = database;
        double ratePerClient = options.transactionsPerSecond() / options.clients();
        clients = IntStream.range(0, options.clients())
                .mapToObj(number -> new WorkloadClient(
                        options.workload(),
                        number,
                        options.seed(),
                        new Pace(ratePerClient, stopping),
                        tally,
                        this::database))
                .toList();
        clients.forEach(WorkloadClient::start);
    }

    private ConnectionSource database() {
        return database;
    }

    /// The transactions that were committed so far.
    public long committed() {
        return tally.committed();
    }

    /// Makes every client go on at another database after its current transaction: what an application's operator does
    /// after a cutover.
    public void moveTo(ConnectionSource other) {
        database = other;
    }

    /// What was done so far.
    public WorkloadTotals totals() {
        return tally.totals(end == 0 ? System.nanoTime() : end);
    }

    /// Waits until this many transactions were committed in all.
    ///
    /// @return false if that took longer than `deadline`
    public boolean awaitCommitted(long count, Duration deadline) throws InterruptedException {
        long until = System.nanoTime() + deadline.toNanos();
        while (committed() < count) {
            if (System.nanoTime() > until) {
                return false;
            }
            Thread.sleep(5);
        }
        return true;
    }

    /// Ends all clients, each after its current transaction, and returns when the last one has closed its session.
    /// Calling
    /// it again returns the same totals.
    ///
    /// @throws IllegalStateException if a client ended by something else than an answer of the server
    public synchronized WorkloadTotals stop() {
        stopping.countDown();
        long until = System.nanoTime() + PATIENCE.toNanos();
        boolean interrupted = false;
        for (WorkloadClient client : clients) {
            interrupted |= client.end(until);
        }
        if (end == 0) {
            end = System.nanoTime();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        for (WorkloadClient client : clients) {
            @Nullable RuntimeException failure = client.failure();
            if (failure != null) {
                throw new IllegalStateException("a client of the workload failed", failure);
            }
        }
        return totals();
    }

    @Override
    public void close() {
        stop();
    }
}
