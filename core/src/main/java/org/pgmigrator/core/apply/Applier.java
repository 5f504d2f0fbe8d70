package org.pgmigrator.core.apply;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.stream.AckPosition;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.core.stream.ChangeQueue;
import org.pgmigrator.core.stream.StreamItem;
import org.pgmigrator.core.stream.StreamItem.IdlePosition;
import org.pgmigrator.core.stream.StreamItem.TransactionPart;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputMessage.Commit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The thread `applier`: takes transactions from the queue and commits them on the target, in order, exactly once.
///
/// Several transactions of the source share one target transaction while there is a backlog; when the queue runs empty
/// the target transaction is committed at once, so that nothing waits; only under load is it held open for some
/// milliseconds more. A position is acknowledged only after the commit
/// that holds both the rows and the progress row.
public final class Applier implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Applier.class);

    /// Prefix of the logical messages that this program writes to the source.
    public static final String MARKER_PREFIX = "pgmigrator";

    private static final Duration POLL = Duration.ofMillis(100);

    /// The end of a window on the target comes without a sign.
    private static final Duration POLL_UNDER_WAY = Duration.ofMillis(1);

    private static final Duration STOP_LIMIT = Duration.ofSeconds(15);

    private final ApplyTarget target;
    private final ChangeQueue queue;
    private final AckPosition acknowledged;
    private final CommitRule rule;
    private final ConcurrentLinkedQueue<OrderedTable> ordered;
    private final Thread thread;

    private volatile Lsn applied;
    private volatile Lsn confirmedUpto;
    private final AtomicLong changesTaken = new AtomicLong();
    private final AtomicLong changesApplied = new AtomicLong();
    private final AtomicLong transactionsApplied = new AtomicLong();
    private volatile @Nullable MarkerApplied lastMarker;
    private volatile boolean stopping;
    private volatile @Nullable MigrationException failure;

    // The target transaction that is open, confined to the thread.
    private @Nullable Lsn pendingEnd;
    private Progress.Marker pendingMarker = Progress.Marker.NONE;
    private Optional<String> markerInTransaction = Optional.empty();
    private @Nullable MarkerApplied seenMarker;
    private boolean insideTransaction;
    private int pendingChanges;
    private int pendingTransactions;
    private long pendingBytes;
    private long bytesSinceFlush;
    private long pendingSince;
    private int changesOfLastCommit;

    // What was handed over to be committed; the volatile fields follow when it is.
    private Lsn committing;
    private Lsn committingUpto;

    private Applier(Ready ready, ChangeQueue queue, AckPosition acknowledged) {
        this.target = ready.target;
        this.ordered = ready.ordered;
        this.queue = queue;
        this.acknowledged = acknowledged;
        this.applied = ready.start.applied();
        this.confirmedUpto = ready.start.confirmedUpto();
        this.committing = applied;
        this.committingUpto = confirmedUpto;
        this.rule = target.rule();
        this.thread = Thread.ofPlatform().name("applier").unstarted(this::run);
    }

    /// The sessions on the target that hold the right to apply; nothing runs yet.
    public static final class Ready implements AutoCloseable {
        private final ApplyTarget target;
        private final Progress.Row start;
        private final ConcurrentLinkedQueue<OrderedTable> ordered;
        private boolean started;

        Ready(ApplyTarget target, Progress.Row start, ConcurrentLinkedQueue<OrderedTable> ordered) {
            this.target = target;
            this.start = start;
            this.ordered = ordered;
        }

        /// Where the target is: read after the lock was taken, so nobody can move it but us.
        public Progress.Row progress() {
            return start;
        }

        /// Starts the thread. The sessions are the applier's from now on.
        public Applier start(ChangeQueue queue, AckPosition acknowledged) {
            started = true;
            Applier applier = new Applier(this, queue, acknowledged);
            applier.thread.start();
            return applier;
        }

        @Override
        public void close() {
            if (!started) {
                target.close();
            }
        }
    }

    /// Opens the applying sessions and takes over the progress.
    ///
    /// @throws MigrationException TARGET_IN_USE if another process applies; NOTHING_TO_RESUME without progress
    ///
    /// @param binary in which form the stream's values will come
    public static Ready open(Database database, String subscription, ApplyConfig config, boolean binary)
            throws InterruptedException {
        return new ApplyOpening(database, subscription, config, binary).open();
    }

    /// Whether a single change with a value of this type costs no more in binary form than in text form.
    ///
    /// @param type its name in `pg_catalog`, or `enum`, of a domain those of its base type
    public static boolean writesSingly(String type) {
        return BinaryValue.hasText(type);
    }

    /// Sessions among which the tables are divided: others than were asked for, if an earlier run left them apart.
    public int lanes() {
        return target.lanes();
    }

    /// Commit end of the last transaction that is on the target.
    public Lsn appliedLsn() {
        return applied;
    }

    /// Everything before this position is on the target: the applied one, or a later one reached while idle.
    public Lsn reachedLsn() {
        return applied.max(confirmedUpto);
    }

    /// Changes of rows that were taken to be written since the start of this applier, committed or not: grows while a
    /// transaction takes long.
    public long changesTaken() {
        return changesTaken.get();
    }

    /// Changes of rows that are committed on the target since the start of this process.
    public long changesApplied() {
        return changesApplied.get();
    }

    /// Transactions of the source that are committed on the target since the start of this process.
    public long transactionsApplied() {
        return transactionsApplied.get();
    }

    /// A marker that is committed on the target.
    ///
    /// @param changesBefore changes of rows that this process has applied before it: two markers with the same number
    /// had
    ///     none between them
    public record MarkerApplied(String content, Lsn endLsn, long changesBefore) {}

    /// How often a table's part of a window was refused by the target and had to be written one by one.
    public int fallbacks() {
        return target.fallbacks();
    }

    /// The next table, if there is another one, that turned out not to be written as windows.
    public Optional<OrderedTable> nextOrdered() {
        return Optional.ofNullable(ordered.poll());
    }

    /// The last marker that was applied by this process.
    public Optional<MarkerApplied> lastMarker() {
        return Optional.ofNullable(lastMarker);
    }

    /// Why the thread has ended by itself; empty while it runs and after a stop that was asked for.
    public Optional<MigrationException> failure() {
        return Optional.ofNullable(failure);
    }

    private void run() {
        try {
            while (!stopping) {
                step();
            }
        } catch (MigrationException known) {
            fail(known);
        } catch (SQLException refusal) {
            fail(SqlState.toException(
                    Side.TARGET, "The target failed while changes after " + applied + " were applied.", refusal));
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error bug) {
            fail(new MigrationException(
                    Failure.of(FailureKind.BUG, "The applier failed after " + applied + ".", bug.toString()), bug));
        } finally {
            queue.abandon();
            target.close();
        }
    }

    private void fail(MigrationException reason) {
        if (!stopping) {
            failure = reason;
            log.error("applier ended applied={}", applied, reason);
        }
    }

    private void step() throws SQLException, InterruptedException {
        Optional<StreamItem> item = queue.poll(patience());
        target.check();
        if (item.isEmpty()) {
            if (isUnderWay()) {
                target.prepare();
            } else if (!insideTransaction && (pendingEnd == null || patience().isZero())) {
                commit();
            }
            return;
        }
        switch (item.get()) {
            case TransactionPart part -> apply(part);
            case IdlePosition position -> {
                commit();
                reach(position.lsn());
            }
        }
    }

    /// How long to wait for more: only what is complete could be committed instead.
    private Duration patience() {
        if (isUnderWay()) {
            return POLL_UNDER_WAY;
        }
        boolean idle = !insideTransaction && pendingEnd == null;
        return idle || insideTransaction
                ? POLL
                : rule.linger(pendingBytes, System.nanoTime() - pendingSince, changesOfLastCommit);
    }

    private boolean isUnderWay() {
        return target.before() == CommitRule.Before.UNDER_WAY;
    }

    private void apply(TransactionPart part) throws SQLException, InterruptedException {
        if (part.begin().finalLsn().compareTo(committing) < 0) {
            // The source sends again what it has not saved as confirmed. Its commit begins before a position that is on
            // the
            // target, so it is there already.
            return;
        }
        if (part.first() && part.commit().isEmpty()) {
            // A large transaction is a target transaction of its own: those before it need not wait for its end.
            commit();
        }
        if (pendingEnd == null && !insideTransaction) {
            pendingSince = System.nanoTime();
        }
        insideTransaction = true;
        Origin origin = new Origin(part.begin());
        for (Change change : part.changes()) {
            if (change instanceof Change.Message message && message.prefix().equals(MARKER_PREFIX)) {
                markerInTransaction = Optional.of(message.content().text());
            }
            target.write(change, origin);
            if (!(change instanceof Change.Message)) {
                pendingChanges++;
                // Nobody else adds to it.
                changesTaken.lazySet(changesTaken.get() + 1);
            }
        }
        pendingBytes += part.bytes();
        bytesSinceFlush += part.bytes();
        if (part.commit().isPresent()) {
            end(part.commit().get());
        } else if (rule.isFull(bytesSinceFlush, target.before())) {
            target.flush();
            bytesSinceFlush = 0;
        }
    }

    private void end(Commit sourceCommit) throws SQLException, InterruptedException {
        insideTransaction = false;
        Lsn end = sourceCommit.endLsn();
        pendingEnd = end;
        pendingTransactions++;
        if (markerInTransaction.isPresent()) {
            pendingMarker = new Progress.Marker(markerInTransaction, Optional.of(end));
            seenMarker = new MarkerApplied(markerInTransaction.get(), end, changesTaken.get());
            markerInTransaction = Optional.empty();
        }
        if (end.equals(target.mustCommitAt())
                || rule.isDue(pendingChanges, pendingBytes, System.nanoTime() - pendingSince, target.before())) {
            commit();
        }
    }

    /// Commits what is complete, with the progress row, and only then acknowledges it.
    private void commit() throws SQLException, InterruptedException {
        Lsn end = pendingEnd;
        if (end == null) {
            return;
        }
        Lsn upto = committingUpto.max(end);
        target.commit(end, upto, pendingMarker, committed(end, upto));
        committing = end;
        committingUpto = upto;
        pendingEnd = null;
        pendingMarker = Progress.Marker.NONE;
        changesOfLastCommit = pendingChanges;
        pendingChanges = 0;
        pendingTransactions = 0;
        pendingBytes = 0;
        bytesSinceFlush = 0;
    }

    /// What is true, and may be said, when what was taken is on the target.
    private Runnable committed(Lsn end, Lsn upto) {
        int changes = pendingChanges;
        int transactions = pendingTransactions;
        @Nullable MarkerApplied marker = seenMarker;
        return () -> {
            applied = end;
            confirmedUpto = upto;
            changesApplied.addAndGet(changes);
            transactionsApplied.addAndGet(transactions);
            lastMarker = marker;
            acknowledged.acknowledge(upto);
        };
    }

    /// The stream was idle at this position: it is stored before it may be confirmed, so that after a crash a confirmed
    /// position beyond the last transaction is known to be harmless.
    private void reach(Lsn idle) throws SQLException, InterruptedException {
        if (idle.isAfter(committingUpto)) {
            if (target.reach(idle)) {
                committingUpto = idle;
                confirmedUpto = idle;
                acknowledged.acknowledge(idle);
            }
        }
    }

    /// Ends the thread; what is not committed is rolled back by the target and comes again. If the target does not
    /// answer
    /// in time the connection is cut.
    @Override
    public void close() {
        stopping = true;
        boolean interrupted = false;
        try {
            if (!thread.join(STOP_LIMIT)) {
                target.abort();
            }
        } catch (InterruptedException stop) {
            interrupted = true;
            target.abort();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
