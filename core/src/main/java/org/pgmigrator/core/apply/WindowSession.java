package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.apply.Progress.Mover;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputMessage.Relation;

/// One session on the target that writes windows, one behind the other, in the source's order.
///
/// While a window is written by the thread `apply-window`, the caller takes the next one and folds it. At most one is
/// under way: the next is handed over when it is committed. Whatever else needs the session waits for it.
final class WindowSession implements ApplyTarget {

    private static final long END_SECONDS = 10;

    private final Connection connection;
    private final WindowWriter writer;
    private final Mover mover;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("apply-window").daemon().factory());

    /// Only the thread that commits changes it.
    private volatile Lsn applied;

    private @Nullable Future<?> underWay;

    WindowSession(Connection connection, WindowWriter writer, String subscription, UUID owner, Lsn applied) {
        this.connection = connection;
        this.writer = writer;
        this.mover = new Mover(subscription, owner, OptionalInt.empty(), 1);
        this.applied = applied;
    }

    @Override
    public Lsn applied() {
        return applied;
    }

    @Override
    public Lsn mustCommitAt() {
        return Lsn.INVALID;
    }

    @Override
    public void write(Change change, Origin origin) throws SQLException, InterruptedException {
        boolean takenOnly = switch (change) {
            case Change.Insert insert -> isTakenOnly(insert.relation());
            case Change.Update update -> isTakenOnly(update.relation());
            case Change.Delete delete -> isTakenOnly(delete.relation());
            case Change.Truncate truncate -> false;
            case Change.Message message -> true;
        };
        if (!takenOnly) {
            await();
        }
        writer.write(change, origin);
    }

    private boolean isTakenOnly(Relation relation) {
        return writer.isTakenOnly(relation);
    }

    @Override
    public void flush() throws SQLException, InterruptedException {
        handOver(() -> {});
    }

    @Override
    public void commit(Lsn end, Lsn confirmedUpto, Progress.Marker marker, Runnable committed)
            throws SQLException, InterruptedException {
        handOver(() -> {
            commit(end, confirmedUpto, marker);
            committed.run();
        });
    }

    /// What follows a window, on the thread that has written it.
    private interface Then {
        void run() throws SQLException;
    }

    private void handOver(Then then) throws SQLException, InterruptedException {
        writer.foldAhead();
        List<TableChanges> window = writer.take();
        await();
        underWay = thread.submit(() -> {
            writer.write(window);
            then.run();
            return null;
        });
    }

    private void commit(Lsn end, Lsn confirmedUpto, Progress.Marker marker) throws SQLException {
        Progress.advance(connection, mover, applied, end, confirmedUpto, marker);
        connection.commit();
        applied = end;
    }

    /// Until nothing is under way.
    private void await() throws SQLException, InterruptedException {
        Future<?> commit = underWay;
        if (commit != null) {
            underWay = null;
            try {
                commit.get();
            } catch (ExecutionException failed) {
                throw Lanes.rethrown(failed.getCause());
            }
        }
    }

    @Override
    public void prepare() {
        writer.foldAhead();
    }

    @Override
    public CommitRule.Before before() {
        Future<?> commit = underWay;
        return commit == null || commit.isDone() ? CommitRule.Before.NOTHING : CommitRule.Before.UNDER_WAY;
    }

    @Override
    public void check() throws SQLException {
        Future<?> commit = underWay;
        if (commit != null && commit.state() == Future.State.FAILED) {
            throw Lanes.rethrown(commit.exceptionNow());
        }
    }

    @Override
    public boolean reach(Lsn confirmedUpto) throws SQLException, InterruptedException {
        await();
        commit(applied, confirmedUpto, Progress.Marker.NONE);
        return true;
    }

    @Override
    public int fallbacks() {
        return writer.fallbacks();
    }

    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public void abort() {
        Sessions.abort(connection);
    }

    /// What is under way may still be committed; what is not is rolled back.
    @Override
    public void close() {
        thread.shutdown();
        boolean interrupted = false;
        try {
            if (!thread.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
                abort();
            }
        } catch (InterruptedException stop) {
            interrupted = true;
            abort();
        }
        Sessions.close(connection);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
