package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.apply.Progress.Mover;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputMessage.Relation;

/// Several sessions on the target, each with the tables whose names fall to it and with its own progress row.
///
/// A window is divided among the lanes, which write and commit their parts at the same time; the next one begins when
/// all have. So lanes are never further apart than one window, and only after a crash in between: then each leaves out
/// what it has ([#write]), and the first commit is made exactly where they are together again ([#mustCommitAt]).
///
/// What cannot be divided (a TRUNCATE, a table with a barrier, a relation announced anew, a transaction larger than a
/// window, and windows that are not worth it) is written by lane 0 alone, with the whole window, in one target
/// transaction that moves every lane's row.
///
/// Confined to the applier's thread, which waits while the lanes' threads write.
final class Lanes implements ApplyTarget {

    /// Below this many changes a commit on every lane costs more than what it saves.
    private static final int MIN_DIVIDED = 2_000;

    private final List<Lane> lanes = new ArrayList<>();
    private final TargetTables tables;
    private final Mover all;
    private final ExecutorService threads;
    private final Lsn together;
    private final int minDivided;

    private boolean undivided;
    private int taken;

    /// One session with its progress.
    private static final class Lane {
        private final Connection connection;
        private final WindowWriter writer;
        private final Mover mover;
        private Lsn applied;

        Lane(Connection connection, WindowWriter writer, Mover mover, Lsn applied) {
            this.connection = connection;
            this.writer = writer;
            this.mover = mover;
            this.applied = applied;
        }

        void commit(Mover moved, Lsn end, Lsn confirmedUpto, Progress.Marker marker) throws SQLException {
            writer.flush();
            Progress.advance(connection, moved, applied, end, confirmedUpto, marker);
            connection.commit();
        }
    }

    /// @param connections one for each lane
    /// @param applied     what each lane's row says
    Lanes(
            List<Connection> connections,
            List<Lsn> applied,
            String subscription,
            UUID owner,
            int foldFrom,
            boolean binary,
            Consumer<OrderedTable> ordered) {
        this.tables = new TargetTables(connections.getFirst(), binary, table -> OrderedTable.tell(table, ordered));
        for (int number = 0; number < connections.size(); number++) {
            Connection connection = connections.get(number);
            lanes.add(new Lane(
                    connection,
                    new WindowWriter(connection, tables, foldFrom, ordered),
                    new Mover(subscription, owner, OptionalInt.of(number), 1),
                    applied.get(number)));
        }
        this.all = new Mover(subscription, owner, OptionalInt.empty(), connections.size());
        this.together = applied.stream().max(Lsn::compareTo).orElseThrow();
        this.minDivided = Math.min(MIN_DIVIDED, 50 * foldFrom);
        this.threads = Executors.newFixedThreadPool(
                connections.size(),
                Thread.ofPlatform().name("apply-lane-", 0).daemon().factory());
    }

    @Override
    public Lsn applied() {
        return lanes.stream().map(lane -> lane.applied).min(Lsn::compareTo).orElseThrow();
    }

    @Override
    public Lsn mustCommitAt() {
        return areApart() ? together : Lsn.INVALID;
    }

    private boolean areApart() {
        Lsn first = lanes.getFirst().applied;
        return lanes.stream().anyMatch(lane -> !lane.applied.equals(first));
    }

    @Override
    public void write(Change change, Origin origin) throws SQLException {
        switch (change) {
            case Change.Insert insert -> write(insert.relation(), insert, origin);
            case Change.Update update -> write(update.relation(), update, origin);
            case Change.Delete delete -> write(delete.relation(), delete, origin);
            case Change.Truncate truncate -> {
                requireTogether("a TRUNCATE", origin);
                undivide();
                lanes.getFirst().writer.write(truncate, origin);
            }
            case Change.Message message -> {}
        }
    }

    private void write(Relation relation, Change change, Origin origin) throws SQLException {
        taken++;
        if (!undivided && !tables.isResolved(relation) && isHeld(relation)) {
            requireTogether("another version of a relation", origin);
            undivide();
        }
        if (undivided) {
            lanes.getFirst().writer.write(change, origin);
            return;
        }
        TargetTable table = tables.resolve(relation);
        // While the lanes are apart such a table is new as a barrier: it was divided before, and is so once more.
        if (table.plan().order() == TablePlan.Order.BARRIER && !areApart()) {
            undivide();
            lanes.getFirst().writer.write(change, origin);
            return;
        }
        Lane lane = lanes.get(number(table.name(), lanes.size()));
        if (origin.begin().finalLsn().compareTo(lane.applied) >= 0) {
            lane.writer.add(table, change, origin);
        }
    }

    /// The lane of a table. It must never change while the lanes are apart, so it depends on nothing but the name.
    static int number(QualifiedName table, int lanes) {
        return Math.floorMod(31 * table.schema().hashCode() + table.name().hashCode(), lanes);
    }

    private boolean isHeld(Relation relation) {
        return lanes.stream().anyMatch(lane -> lane.writer.holds(relation));
    }

    /// From here to the commit lane 0 writes everything, what the others have taken included.
    private void undivide() {
        if (!undivided) {
            undivided = true;
            for (Lane lane : lanes.subList(1, lanes.size())) {
                lanes.getFirst().writer.adopt(lane.writer.take());
            }
        }
    }

    /// What is written undivided was never divided before: the lanes cannot have been apart there.
    private void requireTogether(String what, Origin origin) {
        if (areApart()) {
            throw origin.failure(
                    FailureKind.BUG,
                    "The lanes of the apply are apart at " + what + ".",
                    "such a transaction is committed for all lanes at once, so that this cannot be");
        }
    }

    @Override
    public void flush() throws SQLException {
        // While they are apart the window is one that has passed as a whole before.
        if (!areApart()) {
            undivide();
            lanes.getFirst().writer.flush();
        }
    }

    @Override
    public void commit(Lsn end, Lsn confirmedUpto, Progress.Marker marker, Runnable committed)
            throws SQLException, InterruptedException {
        if (!areApart() && (undivided || taken < minDivided)) {
            undivide();
            lanes.getFirst().commit(all, end, confirmedUpto, marker);
            lanes.forEach(lane -> lane.applied = end);
        } else {
            commitDivided(end, confirmedUpto, marker);
        }
        undivided = false;
        taken = 0;
        committed.run();
    }

    @Override
    public void prepare() {}

    @Override
    public CommitRule.Before before() {
        return CommitRule.Before.COMMITTED;
    }

    @Override
    public void check() {}

    private void commitDivided(Lsn end, Lsn confirmedUpto, Progress.Marker marker)
            throws SQLException, InterruptedException {
        List<Callable<Void>> parts = new ArrayList<>();
        for (Lane lane : lanes) {
            if (end.isAfter(lane.applied)) {
                parts.add(() -> {
                    lane.commit(lane.mover, end, confirmedUpto, marker);
                    lane.applied = end;
                    return null;
                });
            }
        }
        for (Future<Void> part : threads.invokeAll(parts)) {
            try {
                part.get();
            } catch (ExecutionException failed) {
                throw rethrown(failed.getCause());
            }
        }
    }

    /// As what it was: checked as an [SQLException], all others as they are.
    static SQLException rethrown(@Nullable Throwable cause) {
        return switch (cause) {
            case null -> new SQLException("a lane failed without a reason");
            case SQLException refusal -> refusal;
            case MigrationException known -> throw known;
            case RuntimeException bug -> throw bug;
            case Error bug -> throw bug;
            default ->
                throw new MigrationException(
                        Failure.of(FailureKind.BUG, "A lane of the apply failed.", cause.toString()), cause);
        };
    }

    @Override
    public boolean reach(Lsn confirmedUpto) throws SQLException {
        if (areApart()) {
            // What would be stored is not in one place; the transactions that bring the lanes together come soon.
            return false;
        }
        Lane first = lanes.getFirst();
        first.commit(all, first.applied, confirmedUpto, Progress.Marker.NONE);
        return true;
    }

    @Override
    public int fallbacks() {
        return lanes.stream().mapToInt(lane -> lane.writer.fallbacks()).sum();
    }

    @Override
    public int lanes() {
        return lanes.size();
    }

    @Override
    public void abort() {
        lanes.forEach(lane -> Sessions.abort(lane.connection));
    }

    @Override
    public void close() {
        threads.shutdownNow();
        lanes.forEach(lane -> Sessions.close(lane.connection));
    }
}
