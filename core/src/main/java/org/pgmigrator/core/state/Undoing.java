package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.cutover.Fence;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Backends;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.snapshot.LockedDdl;
import org.pgmigrator.core.snapshot.Publications;
import org.pgmigrator.core.snapshot.ReplicaIdentities;
import org.pgmigrator.core.snapshot.ReplicationSlot;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes back what the journal says was created, last deed first, and says what could not be taken back.
public final class Undoing {

    private static final Logger log = LoggerFactory.getLogger(Undoing.class);

    /// What remains to be done, and by which statement, if the state could not be removed.
    public static final String DROP_STATE = "on the target, schema pgmigrator: DROP SCHEMA pgmigrator CASCADE;";

    /// A walsender of ours that was cut off needs a moment to notice that.
    private static final Duration SLOT_IN_USE_LIMIT = Duration.ofSeconds(20);

    /// So do our other sessions.
    private static final Duration OWN_SESSIONS_LIMIT = Duration.ofSeconds(5);

    /// Writes pass before that; what is waited for are readers, to drop triggers that do nothing any more.
    private static final Duration FENCE_PATIENCE = Duration.ofSeconds(30);

    /// What was done, what somebody else had removed before, and what is still there with the statement that removes
    /// it.
    ///
    /// @param lost the server was not there, or went away: what is left may well be undone by another try
    public record Outcome(
            List<String> removed, List<String> gone, List<String> left, Optional<MigrationException> lost) {
        public Outcome {
            removed = List.copyOf(removed);
            gone = List.copyOf(gone);
            left = List.copyOf(left);
        }

        /// With the server there all the time.
        public Outcome(List<String> removed, List<String> gone, List<String> left) {
            this(removed, gone, left, Optional.empty());
        }

        /// Whether nothing is left.
        public boolean isComplete() {
            return left.isEmpty();
        }

        /// For who can try again when the server is back.
        ///
        /// @throws MigrationException if the server was lost with something left
        public Outcome requireReached() {
            if (!left.isEmpty() && lost.isPresent()) {
                throw lost.get();
            }
            return this;
        }
    }

    private Undoing() {}

    /// Undoes the entries of one side. Goes on after a failure, so that as little as possible is left.
    public static Outcome run(StateStore state, Database database) {
        return run(state, database, entry -> true);
    }

    /// Undoes some of the entries of one side.
    ///
    /// @param which of the side's entries
    public static Outcome run(StateStore state, Database database, Predicate<StateStore.Undo> which) {
        return run(state, database, which, false);
    }

    /// Also where the target does not answer, so that nobody knows who has gone on with the migration: a slot that
    /// somebody reads is left all the same.
    public static Outcome runInAnyCase(StateStore state, Database database) {
        return run(state, database, entry -> true, true);
    }

    private static Outcome run(StateStore state, Database database, Predicate<StateStore.Undo> which, boolean force) {
        List<StateStore.Undo> entries = state.journal().stream()
                .filter(entry -> entry.side() == database.side() && which.test(entry))
                .toList();
        List<String> removed = new ArrayList<>();
        List<String> gone = new ArrayList<>();
        List<String> left = new ArrayList<>();
        Optional<MigrationException> lost = Optional.empty();
        if (entries.isEmpty()) {
            return new Outcome(removed, gone, left);
        }
        try (Connection connection = database.connect(Session.named("clean-up"))) {
            if (state.isFromMemory() && !force && !isOursAlone(state, connection)) {
                entries.forEach(entry -> left.add(line(database.side(), entry)));
                return new Outcome(removed, gone, left);
            }
            for (StateStore.Undo entry : entries) {
                if (entry.what().startsWith(Publications.WHAT)
                        && left.stream().anyMatch(line -> line.contains(", " + ReplicationSlot.WHAT))) {
                    // Without its publication a slot that somebody reads can be decoded no more, ever.
                    left.add(line(database.side(), entry) + "  -- not before the slot is gone");
                    continue;
                }
                if (entry.what().startsWith(ReplicaIdentities.WHAT)
                        && left.stream().anyMatch(line -> line.contains(", " + Publications.WHAT))) {
                    // Published without identity, the source would refuse UPDATE and DELETE.
                    left.add(line(database.side(), entry) + "  -- not before the publication is gone");
                    continue;
                }
                try {
                    boolean wasThere = undo(connection, entry);
                    forget(state, entry);
                    (wasThere ? removed : gone).add(entry.what());
                    log.info("undone what={} was_there={}", entry.what(), wasThere);
                } catch (SQLException refusal) {
                    log.warn("not undone what={} sql={}", entry.what(), entry.sql(), refusal);
                    left.add(line(database.side(), entry) + "  -- " + SqlState.serverWords(refusal));
                    if (SqlState.isConnectionLoss(refusal)) {
                        lost = Optional.of(lost(database, refusal));
                    }
                }
            }
        } catch (SQLException | RuntimeException unreachable) {
            log.warn("clean-up of the {} ended early", database.side().word(), unreachable);
            if (unreachable instanceof MigrationException failed
                    && failed.failure().kind() == database.side().unreachable()) {
                lost = Optional.of(failed);
            } else if (unreachable instanceof SQLException refusal && SqlState.isConnectionLoss(refusal)) {
                lost = Optional.of(lost(database, refusal));
            }
            entries.stream()
                    .filter(entry -> !removed.contains(entry.what()) && !gone.contains(entry.what()))
                    .map(entry -> line(database.side(), entry))
                    .filter(line -> left.stream().noneMatch(known -> known.startsWith(line)))
                    .forEach(left::add);
        }
        return new Outcome(removed, gone, left, lost);
    }

    private static MigrationException lost(Database database, SQLException loss) {
        return SqlState.toException(
                database.side(), "What was created on the " + database.side().word() + " is not removed yet.", loss);
    }

    /// Without the target only the source tells whether another process has gone on: by a slot that was made anew, or
    /// is
    /// gone, and by its sessions.
    private static boolean isOursAlone(StateStore state, Connection source) throws SQLException {
        long deadline = System.nanoTime() + OWN_SESSIONS_LIMIT.toNanos();
        boolean alone = isOursAlone(state.slotName(), state.slot(), source);
        while (!alone && System.nanoTime() < deadline) {
            try {
                Thread.sleep(200);
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                return false;
            }
            alone = isOursAlone(state.slotName(), state.slot(), source);
        }
        return alone;
    }

    private static boolean isOursAlone(Optional<String> name, Optional<SlotIdentity> slot, Connection source)
            throws SQLException {
        if (name.isEmpty() || Backends.anotherOfOurs(source)) {
            return false;
        }
        return "t"
                .equals(
                        slot.isPresent()
                                ? Catalog.value(
                                        source,
                                        "select exists (select from pg_replication_slots where slot_name = ?"
                                                + " and not active and restart_lsn <= ?::pg_lsn)",
                                        name.get(),
                                        slot.get().consistentPoint().toString())
                                : Catalog.value(
                                        source,
                                        "select not exists (select from pg_replication_slots where slot_name = ?)",
                                        name.get()));
    }

    /// An entry that stays in the journal is undone once more some day, which does no harm.
    private static void forget(StateStore state, StateStore.Undo entry) {
        try {
            state.done(entry.id());
        } catch (MigrationException unreachable) {
            FailureKind kind = unreachable.failure().kind();
            if (kind == FailureKind.OVERTAKEN || kind == FailureKind.TARGET_IN_USE) {
                // What is left may be somebody else's by now.
                throw unreachable;
            }
            log.warn("undone, but still in the journal what={}", entry.what(), unreachable);
        }
    }

    /// Removes what the target remembers, as the last thing of a migration.
    ///
    /// @return what is left; empty if nothing is
    public static List<String> removeState(StateStore state) {
        try {
            state.remove();
            return List.of();
        } catch (MigrationException refused) {
            return List.of(DROP_STATE + "  -- " + refused.failure().why());
        }
    }

    /// An entry for a person, with the statement to be run.
    public static String line(Side side, StateStore.Undo entry) {
        return "on the " + side.word() + ", " + entry.what() + ": " + entry.sql() + ";";
    }

    /// @return false if there was nothing to undo
    private static boolean undo(Connection connection, StateStore.Undo entry) throws SQLException {
        if (SourceClosing.isFence(entry)) {
            return dropFence(connection);
        }
        long deadline = System.nanoTime() + SLOT_IN_USE_LIMIT.toNanos();
        try {
            Optional<Boolean> done = attempt(connection, entry, deadline);
            while (done.isEmpty()) {
                Thread.sleep(200);
                done = attempt(connection, entry, deadline);
            }
            return done.get();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new SQLException("interrupted", stop);
        }
    }

    /// Writes pass at once, whoever reads the tables.
    private static boolean dropFence(Connection connection) throws SQLException {
        try {
            Fence.Dropped dropped = Fence.drop(connection, FENCE_PATIENCE);
            if (!dropped.removed()) {
                throw new SQLException(
                        "the tables take writes again, but somebody reads them: the triggers, which refuse nothing any"
                                + " more, could not be dropped",
                        SqlState.LOCK_NOT_AVAILABLE);
            }
            return dropped.existed();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new SQLException("interrupted", stop);
        } catch (MigrationException refused) {
            throw new SQLException(refused.failure().why(), refused);
        }
    }

    /// @return whether there was something to undo; empty if it is still in use
    private static Optional<Boolean> attempt(Connection connection, StateStore.Undo entry, long deadline)
            throws SQLException, InterruptedException {
        try {
            return Optional.of(LockedDdl.execute(connection, entry.sql()));
        } catch (SQLException refusal) {
            if (!SqlState.OBJECT_IN_USE.equals(refusal.getSQLState()) || System.nanoTime() > deadline) {
                throw refusal;
            }
            return Optional.empty();
        }
    }
}
