package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.apply.Progress.Mover;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.OldRow;
import org.pgmigrator.decoder.PgOutputMessage.Relation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The sessions on the target that write windows, each with its own progress row.
///
/// A window is divided among the lanes: a table belongs to the lane that its name falls to, or its rows to those that
/// their keys fall to ([SplitTables]). The lanes write and commit their parts at the same time, while the caller takes
/// the next window; at most one is under way. So lanes are never further apart than one window, and only after a crash
/// in between: then each leaves out what it has ([#write]), and the first commit is made exactly where they are
/// together again ([#mustCommitAt]).
///
/// What cannot be divided (a TRUNCATE, a table with a barrier, a relation announced anew, a key that moves to another
/// lane, a transaction larger than a window, and windows that are not worth it) is written by lane 0 alone, with the
/// whole window, in one target transaction that moves every lane's row. A single lane writes everything so.
///
/// No lane waits for another one inside its transaction: whatever locks they meet, the server sees them all.
///
/// Confined to the applier's thread; the lanes' threads write what was handed over.
final class Lanes implements ApplyTarget {

    private static final Logger log = LoggerFactory.getLogger(Lanes.class);

    /// Below this many changes a commit on every lane costs more than what it saves.
    private static final int MIN_DIVIDED = 2_000;

    private static final long END_SECONDS = 10;
    private static final long CHECK_MILLIS = 100;

    private final List<Lane> lanes = new ArrayList<>();
    private final TargetTables tables;
    private final Optional<SplitTables> splits;
    private final Mover all;
    private final ExecutorService threads;
    private final Lsn together;
    private final int minDivided;

    private boolean undivided;
    private int taken;
    private @Nullable Relation takenOnly;
    private final List<Future<?>> underWay = new ArrayList<>();

    /// @param connections one for each lane
    /// @param applied     what each lane's row says
    Lanes(
            List<Connection> connections,
            List<Lsn> applied,
            String subscription,
            UUID owner,
            int foldFrom,
            boolean binary,
            Consumer<OrderedTable> ordered)
            throws SQLException {
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
        // Keys of one range are in the same pages, and enough of them to be folded.
        this.splits = lanes.size() == 1
                ? Optional.empty()
                : Optional.of(new SplitTables(
                        connections.getFirst(),
                        subscription,
                        Integer.highestOneBit(Math.min(foldFrom, 1_000) * Math.min(foldFrom, 1_000))));
        this.undivided = lanes.size() == 1;
        this.threads = Executors.newFixedThreadPool(
                connections.size(),
                Thread.ofPlatform().name("apply-lane-", 0).daemon().factory());
    }

    private Lane first() {
        return lanes.getFirst();
    }

    @Override
    public Lsn applied() {
        return lanes.stream().map(Lane::applied).min(Lsn::compareTo).orElseThrow();
    }

    @Override
    public Lsn mustCommitAt() {
        return areApart() ? together : Lsn.INVALID;
    }

    private boolean areApart() {
        Lsn position = first().handedOver();
        return lanes.stream().anyMatch(lane -> !lane.handedOver().equals(position));
    }

    @Override
    public void write(Change change, Origin origin) throws SQLException, InterruptedException {
        switch (change) {
            case Change.Insert insert -> write(insert.relation(), insert, origin);
            case Change.Update update -> write(update.relation(), update, origin);
            case Change.Delete delete -> write(delete.relation(), delete, origin);
            case Change.Truncate truncate -> {
                await();
                undivide("a TRUNCATE", origin);
                first().writer().write(truncate, origin);
            }
            case Change.Message message -> {}
        }
    }

    private void write(Relation relation, Change change, Origin origin) throws SQLException, InterruptedException {
        taken++;
        if (!isTakenOnly(relation)) {
            await();
        }
        if (!undivided && !tables.isResolved(relation) && isHeld(relation)) {
            undivide("another version of a relation", origin);
        }
        if (undivided) {
            first().writer().write(change, origin);
        } else {
            divide(tables.resolve(relation), change, origin);
        }
    }

    /// Whether nothing has to be asked or told for its changes.
    @SuppressWarnings("ReferenceEquality")
    private boolean isTakenOnly(Relation relation) {
        if (relation != takenOnly
                && tables.isResolved(relation)
                && tables.known(relation).plan().order() != TablePlan.Order.BARRIER) {
            takenOnly = relation;
        }
        return relation == takenOnly;
    }

    private void divide(TargetTable table, Change change, Origin origin) throws SQLException, InterruptedException {
        // While the lanes are apart such a table is new as a barrier: it was divided before, and is so once more.
        if (table.plan().order() == TablePlan.Order.BARRIER && !areApart()) {
            undivide("a barrier", origin);
            first().writer().write(change, origin);
            return;
        }
        int number = number(table, change);
        if (number == KeySplit.NONE) {
            undivide("a key that moves to another lane", origin);
            first().writer().write(change, origin);
            return;
        }
        Lane lane = lanes.get(number);
        if (origin.begin().finalLsn().compareTo(lane.handedOver()) >= 0) {
            lane.writer().add(table, change, origin);
        }
    }

    /// The lane of a change; [KeySplit#NONE] if it has none of its own.
    private int number(TargetTable table, Change change) throws SQLException, InterruptedException {
        SplitTables split = splits.orElseThrow();
        if (!split.isDecided(table)) {
            await();
        }
        Optional<KeySplit> keys = split.of(table, !areApart());
        return keys.isPresent() ? number(keys.get(), change) : number(table.name(), lanes.size());
    }

    private int number(KeySplit keys, Change change) {
        return switch (change) {
            case Change.Insert insert -> keys.lane(insert.after(), lanes.size());
            case Change.Delete delete -> keys.lane(delete.before().tuple(), lanes.size());
            case Change.Update update -> {
                int after = keys.lane(update.after(), lanes.size());
                yield switch (update.before()) {
                    case OldRow.Absent absent -> after;
                    case OldRow.Present present ->
                        keys.lane(present.tuple(), lanes.size()) == after ? after : KeySplit.NONE;
                };
            }
            case Change.Truncate truncate -> KeySplit.NONE;
            case Change.Message message -> KeySplit.NONE;
        };
    }

    /// The lane of a whole table. It must never change while the lanes are apart, so it depends on nothing but the
    /// name.
    static int number(QualifiedName table, int lanes) {
        return Math.floorMod(31 * table.schema().hashCode() + table.name().hashCode(), lanes);
    }

    private boolean isHeld(Relation relation) {
        return lanes.stream().anyMatch(lane -> lane.writer().holds(relation));
    }

    /// As [#undivide()], for what was never divided before: the lanes cannot have been apart there.
    private void undivide(String what, Origin origin) {
        if (areApart()) {
            throw origin.failure(
                    FailureKind.BUG,
                    "The lanes of the apply are apart at " + what + ".",
                    "such a transaction is committed for all lanes at once, so that this cannot be");
        }
        undivide();
    }

    /// From here to the commit lane 0 writes everything, what the others have taken included.
    private void undivide() {
        if (!undivided) {
            undivided = true;
            for (Lane lane : lanes.subList(1, lanes.size())) {
                first().writer().adopt(lane.writer().take());
            }
        }
    }

    @Override
    public void flush() throws SQLException, InterruptedException {
        // While they are apart the window is one that has passed as a whole before.
        if (!areApart()) {
            undivide();
            List<TableChanges> window = takeAll();
            await();
            underWay.add(threads.submit(() -> {
                first().writer().write(window);
                return null;
            }));
        }
    }

    @Override
    public void commit(Lsn end, Lsn confirmedUpto, Progress.Marker marker, Runnable committed)
            throws SQLException, InterruptedException {
        if (!areApart() && (undivided || taken < minDivided)) {
            undivide();
            commitUndivided(end, confirmedUpto, marker, committed);
        } else {
            commitDivided(end, confirmedUpto, marker, committed);
        }
        undivided = lanes.size() == 1;
        taken = 0;
    }

    /// What was taken, all of it by lane 0.
    private List<TableChanges> takeAll() {
        first().writer().foldAhead();
        return first().writer().take();
    }

    private void commitUndivided(Lsn end, Lsn confirmedUpto, Progress.Marker marker, Runnable committed)
            throws SQLException, InterruptedException {
        List<TableChanges> window = takeAll();
        await();
        lanes.forEach(lane -> lane.handOver(end));
        underWay.add(threads.submit(() -> {
            first().writer().write(window);
            first().commit(all, end, confirmedUpto, marker);
            lanes.forEach(lane -> lane.follow(end));
            committed.run();
            return null;
        }));
    }

    private void commitDivided(Lsn end, Lsn confirmedUpto, Progress.Marker marker, Runnable committed)
            throws SQLException, InterruptedException {
        await();
        List<Lane> moving =
                lanes.stream().filter(lane -> end.isAfter(lane.handedOver())).toList();
        AtomicInteger left = new AtomicInteger(moving.size());
        for (Lane lane : moving) {
            List<TableChanges> window = lane.writer().take();
            lane.handOver(end);
            underWay.add(threads.submit(() -> {
                lane.writer().write(window);
                lane.commit(end, confirmedUpto, marker);
                if (left.decrementAndGet() == 0) {
                    committed.run();
                }
                return null;
            }));
        }
    }

    /// Until nothing is under way. Whichever part fails is noticed at once: another may wait for a lock for long.
    private void await() throws SQLException, InterruptedException {
        for (Future<?> part : underWay) {
            boolean ended = false;
            while (!ended) {
                check();
                try {
                    part.get(CHECK_MILLIS, TimeUnit.MILLISECONDS);
                    ended = true;
                } catch (TimeoutException notYet) {
                    log.trace("a lane is still at work");
                } catch (ExecutionException failed) {
                    throw rethrown(failed.getCause());
                }
            }
        }
        underWay.clear();
    }

    @Override
    public void prepare() {
        lanes.forEach(lane -> lane.writer().foldAhead());
    }

    @Override
    public CommitRule.Before before() {
        return underWay.stream().allMatch(Future::isDone) ? CommitRule.Before.NOTHING : CommitRule.Before.UNDER_WAY;
    }

    @Override
    public void check() throws SQLException {
        for (Future<?> part : underWay) {
            if (part.state() == Future.State.FAILED) {
                throw rethrown(part.exceptionNow());
            }
        }
    }

    /// As what it was: checked as an [SQLException], all others as they are.
    private SQLException rethrown(@Nullable Throwable cause) {
        return switch (cause) {
            case null -> new SQLException("a lane failed without a reason");
            case SQLException refusal -> refusal;
            case MigrationException known -> throw lanes.size() == 1 ? known : withHint(known);
            case RuntimeException bug -> throw bug;
            case Error bug -> throw bug;
            default ->
                throw new MigrationException(
                        Failure.of(FailureKind.BUG, "A lane of the apply failed.", cause.toString()), cause);
        };
    }

    /// Rows of one table are written at the same time: what was created on the target since then may not allow that.
    private static MigrationException withHint(MigrationException refused) {
        Failure failure = refused.failure();
        if (failure.kind() != FailureKind.TARGET_CONSTRAINT_VIOLATION) {
            return refused;
        }
        List<String> remedy = new ArrayList<>(failure.remedy());
        remedy.addFirst(
                "If a unique index or an exclusion constraint was created on the target since the migration began,"
                        + " drop it, resume, and create it again after the cutover: the rows of a table are divided among lanes"
                        + " by their keys, and it is not kept while only some of them have written.");
        return new MigrationException(failure.withRemedy(remedy.toArray(String[]::new)), refused);
    }

    @Override
    public boolean reach(Lsn confirmedUpto) throws SQLException, InterruptedException {
        await();
        if (areApart()) {
            // What would be stored is not in one place; the transactions that bring the lanes together come soon.
            return false;
        }
        first().commit(all, first().applied(), confirmedUpto, Progress.Marker.NONE);
        return true;
    }

    @Override
    public CommitRule rule() {
        return CommitRule.WINDOWS;
    }

    @Override
    public int fallbacks() {
        return lanes.stream().mapToInt(lane -> lane.writer().fallbacks()).sum();
    }

    @Override
    public int lanes() {
        return lanes.size();
    }

    @Override
    public void abort() {
        lanes.forEach(Lane::abort);
    }

    /// What is under way may still be committed; what is not is rolled back.
    @Override
    public void close() {
        threads.shutdown();
        boolean interrupted = false;
        try {
            if (!threads.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
                abort();
            }
        } catch (InterruptedException stop) {
            interrupted = true;
            abort();
        }
        lanes.forEach(Lane::close);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
