package org.pgmigrator.core.uncarried;

import java.sql.SQLException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// The same of both sides.
record Pair<T>(T source, T target) {

    /// Reads something of one side.
    @FunctionalInterface
    interface Read<T> {
        T read() throws SQLException;
    }

    /// Reads both sides at the same time, the target in a thread of its own that has ended when this returns or throws.
    static <T> Pair<T> read(Read<T> source, Read<T> target, Watch watch) throws InterruptedException {
        FutureTask<T> other = new FutureTask<>(() -> read(target, Side.TARGET));
        Thread.ofPlatform().daemon().name("uncarried-target").start(other);
        boolean done = false;
        try {
            T first = read(source, Side.SOURCE);
            done = true;
            return new Pair<>(first, await(other, watch));
        } finally {
            if (!done) {
                watch.stop();
                awaitEnd(other);
            }
        }
    }

    private static <T> T read(Read<T> read, Side side) {
        try {
            return read.read();
        } catch (SQLException refusal) {
            throw SqlState.toException(side, "The large objects could not be compared.", refusal);
        }
    }

    private static <T> T await(FutureTask<T> other, Watch watch) throws InterruptedException {
        try {
            return other.get();
        } catch (InterruptedException stop) {
            watch.stop();
            awaitEnd(other);
            throw stop;
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException refusal) {
                throw refusal;
            }
            throw new IllegalStateException(failed);
        }
    }

    /// Its statement is being cancelled, so that it cannot take long.
    private static void awaitEnd(FutureTask<?> other) {
        boolean interrupted = false;
        while (true) {
            try {
                other.get();
                break;
            } catch (InterruptedException again) {
                interrupted = true;
            } catch (ExecutionException failed) {
                // The first failure is the one that is reported.
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
