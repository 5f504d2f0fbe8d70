package org.pgmigrator.core.cutover;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// EXCLUSIVE on every carried table of the source, held by a session of its own: readers go on (but for SELECT ... FOR
/// UPDATE or SHARE), writers wait, until [#release], [Fence#place], or the loss of that session.
///
/// One for each cutover: [#open] before anybody has to wait, [#acquire] once. A table that is created meanwhile is not
/// locked: compare the catalogue after `acquire`. Everything but [#isHeld], [#lost] and [#requireHeld] is for one
/// thread.
///
/// Source: https://www.postgresql.org/docs/current/explicit-locking.html
public final class SourceLock implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SourceLock.class);

    /// `pg_largeobject` and `pg_largeobject_metadata`, the same on every server.
    private static final List<Long> LARGE_OBJECT_CATALOGS = List.of(2613L, 2995L);

    /// Attempts that are not made since their blockers are seen beforehand, before one is made all the same:
    /// transactions
    /// may be long and yet take turns.
    private static final int SKIPPED = 2;

    private final LockSession session;
    private final Connection observer;
    private final LockLimits limits;
    private final BlockerPatience blockerPatience;

    private List<CatalogTable> tables = List.of();
    private List<Long> relations = List.of();
    private long askedNanos;
    private volatile @Nullable DeadMansSwitch deadMansSwitch;
    private volatile boolean held;

    private SourceLock(LockSession session, Connection observer, LockLimits limits, SourceLockConfig config) {
        this.session = session;
        this.observer = observer;
        this.limits = limits;
        this.blockerPatience = new BlockerPatience(config.terminateBlockersAfter());
    }

    /// Opens the sessions. Nothing is locked yet.
    ///
    /// @param migration names the migration, so that its lock session is found again (the slot's name will do)
    /// @throws MigrationException of the source's kinds
    public static SourceLock open(Database source, String migration, SourceLockConfig config) {
        return open(source, migration, config, LockLimits.DEFAULT);
    }

    static SourceLock open(Database source, String migration, SourceLockConfig config, LockLimits limits) {
        Connection observer =
                source.connect(Session.named("source lock observer").with("statement_timeout", "10s"));
        try {
            LockSession session = LockSession.open(source, migration, migration + ":" + UUID.randomUUID(), limits);
            return new SourceLock(session, observer, limits, config);
        } catch (SQLException refusal) {
            LockSession.closeQuietly(observer);
            throw SqlState.toException(Side.SOURCE, "The session of the source lock could not be set up.", refusal);
        } catch (RuntimeException failed) {
            LockSession.closeQuietly(observer);
            throw failed;
        }
    }

    /// Locks all tables at once, attempt after attempt: none keeps others waiting for longer than about 0.75 s.
    ///
    /// @param carried      every carried table: roots, partitions, inheritance children, unlogged ones
    /// @param largeObjects lock the catalogues of large objects as well, readers of which wait then; for superusers
    /// only
    /// @param alive        whether the cutover goes on and its time is not over; asked every second, from another
    /// thread
    /// @param patience     how long attempts go on
    /// @throws MigrationException SOURCE_LOCK_NOT_GRANTED, with the blockers, or of the source's kinds. Nothing is
    /// locked
    ///         then.
    public void acquire(
            List<CatalogTable> carried,
            boolean largeObjects,
            BooleanSupplier alive,
            Duration patience,
            Consumer<LockEvent> listener)
            throws InterruptedException {
        tables = List.copyOf(carried);
        relations = new ArrayList<>(tables.stream().map(CatalogTable::oid).toList());
        if (largeObjects) {
            relations.addAll(LARGE_OBJECT_CATALOGS);
        }
        long deadline = System.nanoTime() + patience.toNanos();
        int skipped = 0;
        try {
            for (int attempt = 1; true; attempt++) {
                List<LockBlocker> blockers = blockers();
                boolean hopeless = skipped < SKIPPED && blockerPatience.wouldOutlast(blockers, limits.attempt());
                skipped = hopeless ? skipped + 1 : 0;
                if (!hopeless) {
                    if (tryLock(blockers, alive)) {
                        return;
                    }
                    blockers = blockers();
                }
                listener.accept(new LockEvent.Waiting(attempt, !hopeless, blockers));
                boolean ended = blockerPatience.terminate(observer, blockers, listener);
                if (System.nanoTime() > deadline || !alive.getAsBoolean()) {
                    throw notGranted(blockers, attempt);
                }
                // Who was ended lets go within milliseconds.
                Thread.sleep(ended ? limits.pause().dividedBy(10) : jittered(limits.pause()));
            }
        } catch (SQLException refusal) {
            throw refused(refusal);
        }
    }

    private List<LockBlocker> blockers() throws SQLException {
        return LockBlockers.list(observer, relations, session.pid());
    }

    private boolean tryLock(List<LockBlocker> blockers, BooleanSupplier alive) throws SQLException {
        List<String> vacuumed = blockers.stream()
                .filter(blocker -> blocker.kind() == LockBlocker.Kind.AUTOVACUUM)
                .flatMap(blocker -> blocker.relations().stream())
                .toList();
        askedNanos = System.nanoTime();
        if (!session.tryLock(relations, vacuumed, limits.attemptFor(relations.size()), limits.attempt())) {
            return false;
        }
        held = true;
        deadMansSwitch = DeadMansSwitch.start(session, alive, limits.ping());
        LOG.info(
                "source locked tables={} pid={} milliseconds={}",
                tables.size(),
                session.pid(),
                Duration.ofNanos(System.nanoTime() - askedNanos).toMillis());
        return true;
    }

    /// With jitter, so that two that wait for each other's pauses do not go on doing so.
    private static Duration jittered(Duration mean) {
        return Duration.ofMillis(
                (long) (mean.toMillis() * ThreadLocalRandom.current().nextDouble(0.5, 1.5)));
    }

    private static MigrationException notGranted(List<LockBlocker> blockers, int attempts) {
        String why = blockers.isEmpty()
                ? "other transactions held them at every attempt, each for a short time"
                : String.join("; ", blockers.stream().map(LockBlocker::describe).toList());
        Failure failure = Failure.of(
                FailureKind.SOURCE_LOCK_NOT_GRANTED,
                "The source's tables could not be locked in " + attempts + " attempts.",
                why);
        return new MigrationException(
                blockers.isEmpty()
                        ? failure
                        : failure.withRemedy(blockers.stream()
                                .map(blocker -> blocker.kind().words()
                                        + (blocker.pid().isPresent()
                                                ? " pid " + blocker.pid().getAsInt()
                                                : " \"" + blocker.application() + '"')
                                        + ": " + blocker.kind().remedy() + ".")
                                .toArray(String[]::new)));
    }

    private static MigrationException refused(SQLException refusal) {
        Failure failure = Failure.of(
                FailureKind.SOURCE_LOCK_NOT_GRANTED,
                "The source's tables could not be locked.",
                SqlState.serverWords(refusal));
        return switch (String.valueOf(refusal.getSQLState())) {
            case SqlState.INSUFFICIENT_PRIVILEGE ->
                new MigrationException(
                        failure.withRemedy(
                                "Grant UPDATE (or from version 17 on MAINTAIN) on the named table to this role, or use "
                                        + "--source-lock read-only."),
                        refusal);
            case SqlState.OUT_OF_MEMORY ->
                new MigrationException(
                        failure.withRemedy(
                                "Raise max_locks_per_transaction of the source and restart it, or use --source-lock "
                                        + "read-only."),
                        refusal);
            case SqlState.UNDEFINED_TABLE ->
                new MigrationException(
                        failure.withRemedy("Schema changes are not replicated: freeze them, and try again."), refusal);
            default -> SqlState.toException(Side.SOURCE, "The source's tables could not be locked.", refusal);
        };
    }

    /// When the first lock can have been granted, in terms of `System.nanoTime()`: the write downtime starts there.
    public long downtimeStartNanos() {
        return askedNanos;
    }

    /// The server process of the lock session.
    public int pid() {
        return session.pid();
    }

    /// Tells this lock, and the fence that comes of it, from every other: for the journal.
    public String token() {
        return session.token();
    }

    /// The tables that are locked.
    public List<CatalogTable> tables() {
        return tables;
    }

    /// Why the lock is gone, as far as it is known without asking the server; at most a second old. Thread-safe.
    public Optional<String> lost() {
        DeadMansSwitch current = deadMansSwitch;
        return current == null ? Optional.empty() : current.lost();
    }

    /// Asks the server. Thread-safe.
    public boolean isHeld() {
        DeadMansSwitch current = deadMansSwitch;
        return held && current != null && current.sign();
    }

    /// Asks the server. Thread-safe.
    ///
    /// @throws MigrationException SOURCE_LOCK_LOST: somebody may have written since, the cutover is void
    public void requireHeld() {
        if (!isHeld()) {
            throw new MigrationException(Failure.of(
                    FailureKind.SOURCE_LOCK_LOST,
                    "The lock on the source's tables is not held any more.",
                    lost().orElse("it was given up")));
        }
    }

    /// How many sessions wait for a lock on the tables now.
    public int waitingSessions() {
        try {
            return LockBlockers.waiting(observer, relations);
        } catch (SQLException unavailable) {
            LOG.debug("waiting sessions are unknown reason={}", unavailable.getMessage());
            return 0;
        }
    }

    LockSession session() {
        return session;
    }

    /// Nobody sends signs of life from here on, and the lock counts as given up: what follows is the fence's.
    void handOver() {
        held = false;
        stopSwitch();
    }

    private void stopSwitch() {
        DeadMansSwitch current = deadMansSwitch;
        if (current != null) {
            current.stop();
        }
    }

    /// Rolls the locks back; the source takes writes again. Without effect if they are not held.
    public void release() {
        boolean was = held;
        held = false;
        stopSwitch();
        try {
            session.rollback();
            if (was) {
                LOG.info("source unlocked pid={}", session.pid());
            }
        } catch (SQLException lost) {
            LOG.debug("lock session was gone before its release reason={}", lost.getMessage());
        }
    }

    @Override
    public void close() {
        release();
        session.close();
        LockSession.closeQuietly(observer);
    }
}
