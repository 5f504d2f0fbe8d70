package org.pgmigrator.core.phase.cutover;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.cutover.IdentityColumns;
import org.pgmigrator.core.cutover.LockBlocker;
import org.pgmigrator.core.cutover.TargetLock;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.state.Undoing;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes back everything that had closed the target, and its journal, in one transaction: it is closed or open, and the
/// state never says otherwise.
///
/// The tables whose identity columns are set back have to be free of everybody else for that. A cutover locks them
/// before its point of no return, where there is a way back if somebody holds them.
///
/// A server that crashes empties its unlogged tables and ends its sessions: whoever opens this one before they are
/// copied knows, when it has opened the target, that none was emptied since. Used by one thread.
///
/// Source: https://www.postgresql.org/docs/current/sql-alterdatabase.html
public final class TargetOpening implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(TargetOpening.class);

    /// What keeps everybody's writes away, in the journal.
    public static final String DOOR = "the target's default_transaction_read_only";

    /// Before the point of no return writers of the source are waiting meanwhile.
    static final Duration BEFORE_NO_RETURN = Duration.ofSeconds(10);

    /// After it there is nothing else to be done.
    public static final Duration AFTER_NO_RETURN = Duration.ofSeconds(60);

    /// Who came behind an attempt goes first.
    private static final Duration PAUSE = Duration.ofMillis(500);

    /// Statements that travel together.
    private static final int CHUNK = 200;

    private final StateStore state;
    private final Database target;
    private final Connection session;
    private final ProgressListener listener;
    private boolean locked;
    private boolean committing;

    private TargetOpening(StateStore state, Database target, Connection session, ProgressListener listener) {
        this.state = state;
        this.target = target;
        this.session = session;
        this.listener = listener;
    }

    /// Opens its session; nothing is locked yet.
    ///
    /// @param listener hears who is in the way
    public static TargetOpening connect(StateStore state, Database target, ProgressListener listener) {
        return new TargetOpening(state, target, target.connect(StateStore.durable("opening")), listener);
    }

    private List<StateStore.Undo> entries() {
        return state.journal().stream()
                .filter(entry -> entry.side() == Side.TARGET)
                .toList();
    }

    private List<QualifiedName> tables() {
        return entries().stream()
                .flatMap(entry -> IdentityColumns.table(entry.sql()).stream())
                .distinct()
                .toList();
    }

    /// What has to hold while the lock is waited for.
    @FunctionalInterface
    interface Guard {
        /// Asks whether it still holds.
        void check() throws CutoverGivenUp, InterruptedException;
    }

    /// Locks the tables whose identity columns will be set back, for as long as this is neither used nor closed: their
    /// readers wait.
    ///
    /// @return how many there are
    /// @throws CutoverGivenUp with who is in the way, if that was not possible within `patience`
    int lock(Duration patience, Guard guard) throws CutoverGivenUp, InterruptedException {
        List<QualifiedName> tables = tables();
        Optional<String> obstacle = lock(tables, patience, guard);
        if (obstacle.isPresent()) {
            throw new CutoverGivenUp(obstacle.get());
        }
        return locked ? tables.size() : 0;
    }

    /// Locks them.
    ///
    /// @return who is in the way; empty if they are locked, or it will have to do without
    private Optional<String> lock(List<QualifiedName> tables, Duration patience, Guard guard)
            throws CutoverGivenUp, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        String told = "";
        List<LockBlocker> blockers = List.of();
        try {
            while (!tables.isEmpty() && !TargetLock.attempt(session, tables, blockers)) {
                guard.check();
                blockers = TargetLock.blockers(session, tables);
                String obstacle = obstacle(blockers);
                if (System.nanoTime() > deadline) {
                    return Optional.of(obstacle + ", for " + patience.toSeconds() + " s");
                }
                if (!blockers.isEmpty() && !obstacle.equals(told)) {
                    told = obstacle;
                    listener.on(new ProgressEvent.Warning(obstacle));
                }
                Thread.sleep(PAUSE);
            }
            locked = !tables.isEmpty();
            return Optional.empty();
        } catch (SQLException refusal) {
            rollBack();
            if (SqlState.isConnectionLoss(refusal)) {
                throw lost(refusal);
            }
            // For example a lock table that is too small for so many: one by one it works.
            log.warn("the target's tables were not locked for the opening reason={}", refusal.getMessage());
            return Optional.empty();
        }
    }

    private static String obstacle(List<LockBlocker> blockers) {
        return "the target's tables with identity columns cannot be locked, which opening it needs. In the way on the"
                + " target: "
                + (blockers.isEmpty()
                        ? "short transactions"
                        : blockers.stream()
                                .map(blocker -> blocker.describeBriefly() + ": "
                                        + blocker.kind().remedy())
                                .collect(Collectors.joining("; ")));
    }

    /// What has to hold when everything is locked that the opening needs.
    @FunctionalInterface
    public interface Condition {
        /// Asks whether it holds; the target is not opened if this throws.
        void require();
    }

    /// Opens the target.
    ///
    /// @param patience  for who holds a table, if they are not locked yet
    /// @param condition is looked at last
    /// @return what could not be undone, and why
    /// @throws MigrationException of the target's kinds if its session was lost: it is open or not, as the journal says
    public Undoing.Outcome open(Duration patience, Condition condition) throws InterruptedException {
        List<StateStore.Undo> entries = entries();
        if (entries.isEmpty()) {
            return new Undoing.Outcome(List.of(), List.of(), List.of());
        }
        if (!locked) {
            Optional<String> obstacle = lockOrSay(patience);
            if (obstacle.isPresent()) {
                List<String> left = new ArrayList<>(List.of(obstacle.get()));
                entries.forEach(entry -> left.add(Undoing.line(Side.TARGET, entry)));
                return new Undoing.Outcome(List.of(), List.of(), left);
            }
        }
        condition.require();
        try {
            undo(entries);
            return new Undoing.Outcome(
                    entries.stream().map(StateStore.Undo::what).toList(), List.of(), List.of());
        } catch (SQLException refusal) {
            rollBack();
            if (SqlState.isConnectionLoss(refusal)) {
                throw lost(refusal);
            }
            log.warn("the target was not opened at once reason={}", refusal.getMessage());
            return openInSteps();
        }
    }

    private Optional<String> lockOrSay(Duration patience) throws InterruptedException {
        try {
            return lock(tables(), patience, () -> {});
        } catch (CutoverGivenUp never) {
            return Optional.of(never.reason());
        }
    }

    private MigrationException lost(SQLException refusal) {
        MigrationException lost =
                SqlState.toException(Side.TARGET, "The session that opens the target was lost.", refusal);
        if (!committing) {
            return lost;
        }
        return new MigrationException(
                lost.failure()
                        .withState("the target has everything, and is open or not: the COMMIT that opens it was not"
                                + " answered")
                        .withRemedy("When the target answers, run pg-migrator migrate with its options and --resume: it"
                                + " finds out, and opens the target if it is not open."),
                lost);
    }

    /// The door last, and only if nothing else is left: a target that takes writes is complete.
    private Undoing.Outcome openInSteps() {
        Undoing.Outcome before =
                Undoing.run(state, target, entry -> !entry.what().equals(DOOR));
        if (!before.isComplete()) {
            return before;
        }
        try {
            undo(entries());
            return before;
        } catch (SQLException refusal) {
            rollBack();
            if (SqlState.isConnectionLoss(refusal)) {
                throw lost(refusal);
            }
            throw SqlState.toException(Side.TARGET, "The target's database could not be opened.", refusal);
        }
    }

    private void undo(List<StateStore.Undo> entries) throws SQLException {
        committing = false;
        session.setAutoCommit(false);
        try (Statement statement = session.createStatement()) {
            for (int from = 0; from < entries.size(); from += CHUNK) {
                List<StateStore.Undo> chunk = entries.subList(from, Math.min(from + CHUNK, entries.size()));
                statement.execute(chunk.stream().map(StateStore.Undo::sql).collect(Collectors.joining(";\n")));
            }
        }
        try (PreparedStatement delete = session.prepareStatement("delete from pgmigrator.journal where id = any(?)")) {
            List<Long> ids = new ArrayList<>();
            entries.forEach(entry -> ids.add(entry.id()));
            delete.setArray(1, session.createArrayOf("int8", ids.toArray()));
            delete.executeUpdate();
        }
        committing = true;
        session.commit();
        committing = false;
        session.setAutoCommit(true);
        locked = false;
    }

    private void rollBack() {
        locked = false;
        try {
            session.rollback();
            session.setAutoCommit(true);
        } catch (SQLException lost) {
            log.debug("the session that opens the target was lost reason={}", lost.getMessage());
        }
    }

    /// Frees what is locked.
    @Override
    public void close() {
        try {
            session.close();
        } catch (SQLException alreadyGone) {
            log.debug("the session that opens the target was gone reason={}", alreadyGone.getMessage());
        }
    }
}
