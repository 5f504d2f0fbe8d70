package org.pgmigrator.sandbox.workload;

import org.pgmigrator.sandbox.server.ConnectionSource;

/// How a workload is run. Immutable: each method returns a changed copy.
///
/// @param clients sessions that write at the same time
/// @param transactionsPerSecond of all clients together; 0 for as fast as they can
/// @param seed makes the choices of each client repeatable, though not how they interleave
public record WorkloadOptions(Workload workload, int clients, double transactionsPerSecond, long seed) {

    private static final int DEFAULT_CLIENTS = 4;

    public WorkloadOptions {
        if (clients < 1 || transactionsPerSecond < 0) {
            throw new IllegalArgumentException(
                    "needs a client and no negative rate: " + clients + " clients, " + transactionsPerSecond + "/s");
        }
    }

    /// Four clients as fast as they can.
    public static WorkloadOptions of(Workload workload) {
        return new WorkloadOptions(workload, DEFAULT_CLIENTS, 0, 1);
    }

    public WorkloadOptions clients(int changed) {
        return new WorkloadOptions(workload, changed, transactionsPerSecond, seed);
    }

    public WorkloadOptions transactionsPerSecond(double changed) {
        return new WorkloadOptions(workload, clients, changed, seed);
    }

    public WorkloadOptions seed(long changed) {
        return new WorkloadOptions(workload, clients, transactionsPerSecond, changed);
    }

    /// Starts the clients on a prepared database. They write until `stop()`.
    public WorkloadRun start(ConnectionSource database) {
        return new WorkloadRun(this, database);
    }
}
