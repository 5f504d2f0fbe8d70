package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.pgmigrator.core.control.Confirmation;
import org.pgmigrator.core.copy.TargetContents;
import org.pgmigrator.core.cutover.Fence;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.phase.copy.KeptCopy;
import org.pgmigrator.core.phase.copy.TargetRoom;
import org.pgmigrator.core.phase.cutover.TargetOpening;
import org.pgmigrator.core.phase.stream.Spooling;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.Bulletin;
import org.pgmigrator.core.state.CutoverRecord;
import org.pgmigrator.core.state.MigrationRecord;
import org.pgmigrator.core.state.NoMigration;
import org.pgmigrator.core.state.SourceClosing;
import org.pgmigrator.core.state.SourceServer;
import org.pgmigrator.core.state.SpoolRecord;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.state.Undoing;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives a migration up that no process is at work on: removes what it has created on both sides, by its journal.
///
/// Each deed is forgotten when it is done, so that an abort that was interrupted, or met a server that did not answer,
/// is completed by the next one. Used once, by one thread.
public final class Abort {

    private static final Logger log = LoggerFactory.getLogger(Abort.class);

    /// The session of a process that was killed ends at once; more is waited for only by a server that is behind.
    private static final Duration LEASE_LIMIT = Duration.ofSeconds(4);

    private static final Duration FENCE_PATIENCE = Duration.ofSeconds(20);

    private final Database source;
    private final Database target;
    private final String subscription;
    private final Options options;
    private final Confirmation confirmation;
    private final ProgressListener listener;

    private boolean pastNoReturn;
    private List<String> nothingFound = List.of();
    private final List<String> done = new ArrayList<>();
    private final List<String> left = new ArrayList<>();

    private boolean targetIsEmpty;

    /// What the operator was asked about of the target.
    private Set<String> agreed = Set.of();

    /// How far it goes.
    ///
    /// @param unlockSource also past the cutover's point of no return: the source is to serve again
    /// @param keepCopy     what was copied stays on the target
    public record Options(boolean unlockSource, boolean keepCopy) {}

    public Abort(
            Database source,
            Database target,
            String subscription,
            Options options,
            Confirmation confirmation,
            ProgressListener listener) {
        this.source = source;
        this.target = target;
        this.subscription = subscription;
        this.options = options;
        this.confirmation = confirmation;
        this.listener = listener;
    }

    /// Aborts it; without a migration there is nothing to do, which is said and no failure. If the target is out of
    /// reach
    /// no more is possible than to unlock the source. Publishes
    /// [ProgressEvent.Complete] last.
    ///
    /// @throws MigrationException TARGET_IN_USE while a process is at work; CHECK_REFUSED past the point of no return,
    ///     if only a source that does not answer knows whether it is past it, and
    ///     without the operator's consent, with nothing changed; LEFT_BEHIND with the statements that remain to be run
    public void run() throws InterruptedException {
        SourceUnlock unlock = new SourceUnlock(source, options.unlockSource(), confirmation, listener);
        Optional<MigrationRecord> found;
        try {
            found = find();
        } catch (MigrationException failed) {
            if (failed.failure().kind() != Side.TARGET.unreachable()) {
                throw failed;
            }
            unlock.withoutTarget(target, failed);
            return;
        }
        if (found.isEmpty()) {
            unlock.run(nothingFound);
            return;
        }
        try (StateStore state = open()) {
            // Read again: it may have gone on before the lease was ours.
            MigrationRecord migration = record(state).orElseThrow(this::endedMeanwhile);
            if (migration.isOpened() && !options.unlockSource()) {
                throw pastNoReturn(migration);
            }
            Optional<String> sourceUnknown = requireSameSource(migration);
            pastNoReturn = migration.isOpened() || isClosed(state, migration, sourceUnknown);
            if (pastNoReturn && !options.unlockSource()) {
                throw pastNoReturn(migration);
            }
            boolean dropsCopy = !options.keepCopy() && !pastNoReturn;
            TargetRoom room = new TargetRoom(target, migration.origin().filter(), subscription, listener);
            room.remember(state.session());
            targetIsEmpty = room.contents().isEmpty();
            Copied copied = !dropsCopy ? Copied.STAYS : room.isFilling() ? Copied.GOES : Copied.NOTHING;
            consent(migration, room, copied);
            sourceUnknown.ifPresent(why -> listener.on(
                    new ProgressEvent.Warning("the source cannot be reached, what is there stays: " + why)));
            undo(state, migration, room, copied, sourceUnknown);
        }
    }

    private MigrationException endedMeanwhile() {
        return new MigrationException(Failure.of(
                        FailureKind.OVERTAKEN,
                        "Migration \"" + subscription + "\" has ended meanwhile: the target remembers it no more.",
                        "it was completed, or another abort has removed it")
                .withState("nothing was changed by this command"));
    }

    /// Whether a cutover that was cut off has closed the source, which only the source knows.
    private boolean isClosed(StateStore state, MigrationRecord migration, Optional<String> sourceUnknown)
            throws InterruptedException {
        try {
            Optional<CutoverRecord> cutover = CutoverRecord.read(state.session(), subscription);
            Optional<String> token = cutover.flatMap(CutoverRecord::token);
            if (sourceUnknown.isPresent()) {
                if (token.isPresent()) {
                    throw notKnown(migration, sourceUnknown.get());
                }
                return false;
            }
            return cutover.isPresent()
                    && SourceClosing.isClosed(source, migration.origin().slot(), token, FENCE_PATIENCE);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The state of the cutover could not be read.", refusal);
        } catch (MigrationException strange) {
            if (strange.failure().kind() == FailureKind.SOURCE_FENCE && options.unlockSource()) {
                return true;
            }
            throw strange;
        }
    }

    /// To open the target of a source that may be serving would make two databases that take writes.
    private MigrationException notKnown(MigrationRecord migration, String why) {
        List<String> remedy = new ArrayList<>();
        remedy.add("Run it again when the source can be reached from here.");
        remedy.add("Or look there whether it is closed, and let it serve: " + Fence.dropSql()
                + "; then run abort where it can be reached.");
        remedy.add(
                "If the source is gone for good, the target has everything that was committed there. To use it, run on"
                        + " the target:");
        migration.journal().stream()
                .filter(entry -> entry.side() == Side.TARGET)
                .forEach(entry -> remedy.add("  " + entry.sql() + ";"));
        remedy.add("  DROP SCHEMA pgmigrator CASCADE;");
        return new MigrationException(Failure.of(
                        FailureKind.CHECK_REFUSED,
                        "Whether the cutover of migration \"" + subscription + "\" has closed the source is not known.",
                        "the source cannot be reached: " + why)
                .withState("nothing was changed; the target has everything and is not open")
                .withRemedy(remedy.toArray(String[]::new)));
    }

    private Optional<MigrationRecord> find() {
        try (Connection connection = target.connect(Session.named("abort"))) {
            Optional<MigrationRecord> found = MigrationRecord.read(connection, subscription);
            if (found.isEmpty()) {
                nothingFound = List.of(
                        "nothing to abort: the target " + target.describe() + " has no migration \"" + subscription
                                + "\"",
                        NoMigration.others(MigrationRecord.names(connection)));
            }
            return found;
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The migration's state could not be read.", refusal);
        }
    }

    private Optional<MigrationRecord> record(StateStore state) {
        try {
            return MigrationRecord.read(state.session(), subscription);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The migration's state could not be read.", refusal);
        }
    }

    private StateStore open() throws InterruptedException {
        try {
            return StateStore.open(target, subscription, LEASE_LIMIT);
        } catch (MigrationException refused) {
            if (refused.failure().kind() != FailureKind.TARGET_IN_USE) {
                throw refused;
            }
            throw new MigrationException(
                    new Failure(
                            FailureKind.TARGET_IN_USE,
                            "A process is at work on migration \"" + subscription + "\": it is not aborted under it.",
                            refused.failure().why(),
                            "nothing was changed",
                            List.of(
                                    "Stop it first: " + howToStop() + ". While it copies, Ctrl+C there stops and "
                                            + "removes everything by itself.",
                                    "Then run abort again.")),
                    refused);
        }
    }

    private String howToStop() {
        try (Connection connection = target.connect(Session.named("abort"))) {
            return Bulletin.read(connection, subscription)
                    .map(bulletin -> "kill -TERM " + bulletin.process().processId() + " on "
                            + bulletin.process().host())
                    .orElse("kill -TERM with its process id");
        } catch (SQLException | MigrationException refusal) {
            return "kill -TERM with its process id";
        }
    }

    private MigrationException pastNoReturn(MigrationRecord migration) {
        return new MigrationException(Failure.of(
                        FailureKind.CHECK_REFUSED,
                        "The cutover of migration \"" + subscription + "\" has passed its point of no return.",
                        migration.isOpened()
                                ? "the target is open, and the application may have written to it"
                                : "everything was proved to be on the target, the source was closed, and the target was"
                                        + " being opened")
                .withState("nothing was changed")
                .withRemedy(
                        "To finish it and remove what is left: pg-migrator migrate with its options and --resume.",
                        "To go back to the source all the same, without what was written to the target since: "
                                + "pg-migrator abort --unlock-source. The target keeps what it has."));
    }

    /// What is undone must be ours: another server may have a slot of the same name.
    ///
    /// @return why the source can't be asked
    private Optional<String> requireSameSource(MigrationRecord migration) {
        try (Connection connection = source.connect(Session.named("identify"))) {
            migration.origin().source().requireGiven(SourceServer.read(connection));
            return Optional.empty();
        } catch (SQLException refusal) {
            return Optional.of(SqlState.serverWords(refusal));
        } catch (MigrationException refused) {
            if (refused.failure().kind() == Side.SOURCE.unreachable()) {
                return Optional.of(refused.failure().why());
            }
            throw refused;
        }
    }

    /// What becomes of what was copied.
    private enum Copied {
        STAYS,
        GOES,
        NOTHING
    }

    private void consent(MigrationRecord migration, TargetRoom room, Copied copied) {
        List<String> plan = new ArrayList<>();
        migration
                .journal()
                .forEach(entry -> plan.add("undo on the " + entry.side().word() + ": " + entry.what()));
        if (copied == Copied.GOES) {
            TargetContents contents = room.contents();
            agreed = contents.drops();
            contents.plan().forEach(line -> plan.add("drop from the target: " + line));
        }
        if (pastNoReturn) {
            plan.add("what was written to the target since the cutover is NOT on the source");
        }
        plan.add("remove the migration's state from the target's schema pgmigrator");
        if (!confirmation.confirm(
                "Abort migration \"" + subscription + "\" from " + source.describe() + " to " + target.describe() + "?",
                plan)) {
            throw new MigrationException(
                    Failure.of(FailureKind.CHECK_REFUSED, "The migration was not aborted: it was not agreed to.", "")
                            .withState("nothing was changed")
                            .withRemedy("Answer yes, or give --yes."));
        }
    }

    private void undo(
            StateStore state, MigrationRecord migration, TargetRoom room, Copied copied, Optional<String> sourceUnknown)
            throws InterruptedException {
        state.takeOver();
        if (pastNoReturn) {
            // The target is about to be opened: an abort or a resume after this one must know that it may hold more.
            state.phase(Phase.CUTOVER);
        } else {
            // From here on nothing can go on with this stream, whatever becomes of us.
            state.abortBegins();
        }
        FaultPoint.ABORT_BEGUN.reached();
        undoSource(state, migration, sourceUnknown);
        FaultPoint.ABORTED_ON_SOURCE.reached();
        switch (copied) {
            case GOES -> dropCopy(migration, room);
            // An abort that is repeated, or a resume, must not take for its own what is written there from now on.
            case STAYS -> room.letGo();
            case NOTHING -> {}
        }
        if (copied == Copied.GOES && room.isFilling()) {
            // What is written there from now on could not be told from the copy by the abort that removes it.
            migration.journal().stream()
                    .filter(entry -> entry.side() == Side.TARGET)
                    .map(entry -> Undoing.line(Side.TARGET, entry) + "  -- not before the copy is gone")
                    .forEach(left::add);
            throw leftBehind(copied, sourceUnknown);
        }
        told(openTarget(state), "target");
        FaultPoint.ABORTED_ON_TARGET.reached();
        if (left.isEmpty()) {
            removeSpool(state);
            FaultPoint.SPOOL_REMOVED.reached();
            state.remove();
            did("removed the migration's state from the target");
            listener.on(new ProgressEvent.Complete(summary(copied, sourceUnknown.isEmpty())));
            return;
        }
        throw leftBehind(copied, sourceUnknown);
    }

    private MigrationException leftBehind(Copied copied, Optional<String> sourceUnknown) {
        return new MigrationException(Failure.of(
                        FailureKind.LEFT_BEHIND,
                        "Not everything that migration \"" + subscription + "\" has created could be removed.",
                        String.join("\n", left))
                .withState(String.join("; ", summary(copied, sourceUnknown.isEmpty()))
                        + "; the state is kept on the target, so that abort can be repeated")
                .withRemedy(
                        "Remove the cause and run abort again, or run the listed statements: a slot that is left behind "
                                + "fills the source's disk.",
                        "When the source is gone for good: DROP SCHEMA pgmigrator CASCADE; on the target."));
    }

    private Undoing.Outcome openTarget(StateStore state) throws InterruptedException {
        if (!pastNoReturn) {
            return Undoing.run(state, target);
        }
        // As after a cutover: as long as anything is left that closes it, nobody writes to it.
        try (TargetOpening opening = TargetOpening.connect(state, target, listener)) {
            return opening.open(TargetOpening.AFTER_NO_RETURN, () -> {});
        }
    }

    /// What was received and not applied goes with the slot. What is on another machine is told.
    private void removeSpool(StateStore state) {
        try {
            Optional<SpoolRecord> record = SpoolRecord.read(state.session(), subscription);
            if (record.isPresent()) {
                Optional<String> remains = Spooling.remove(record.get(), Set.of());
                remains.ifPresent(what -> listener.on(new ProgressEvent.Warning(what)));
                if (remains.isEmpty()) {
                    did("removed the spool in " + record.get().directory());
                }
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The record of the spool could not be read.", refusal);
        }
    }

    private void undoSource(StateStore state, MigrationRecord migration, Optional<String> sourceUnknown) {
        if (sourceUnknown.isPresent()) {
            migration.journal().stream()
                    .filter(entry -> entry.side() == Side.SOURCE)
                    .forEach(entry -> left.add("on the source, " + entry.what() + ": " + entry.sql() + ";"));
            return;
        }
        KeptCopy.endHolder(state, source, subscription, listener);
        endWalsender(migration.origin().slot());
        told(Undoing.run(state, source), "source");
    }

    /// A walsender of a process that is gone may hold the slot until wal_sender_timeout, if the network is.
    private void endWalsender(String slot) {
        try (Connection connection = source.connect(Session.named("abort"));
                PreparedStatement statement = connection.prepareStatement("""
                        select pg_terminate_backend(s.active_pid)
                        from pg_replication_slots s join pg_stat_activity a on a.pid = s.active_pid
                        where s.slot_name = ? and a.application_name like ?""")) {
            statement.setString(1, slot);
            statement.setString(2, Session.NAME_PREFIX + "%");
            statement.execute();
        } catch (SQLException | MigrationException refusal) {
            log.warn("the slot's walsender was not ended: {}", refusal.getMessage());
        }
    }

    private void dropCopy(MigrationRecord migration, TargetRoom room) {
        try {
            if (migration.phase().compareTo(Phase.STREAM_APPLY) < 0) {
                // A pg_restore that has outlived its process would go on filling the target.
                room.endOwnSessions();
            }
            TargetContents contents = room.contents();
            List<String> others = contents.drops().stream()
                    .filter(dropped ->
                            (migration.aborting() || migration.phase().compareTo(Phase.STREAM_APPLY) >= 0)
                                    && !agreed.contains(dropped))
                    .toList();
            if (!others.isEmpty()) {
                left.add("on the target, what was copied: there is more than when you were asked, "
                        + String.join(", ", others));
                return;
            }
            List<String> plan = contents.plan();
            room.removePartialCopy();
            if (!plan.isEmpty()) {
                did("dropped from the target: " + String.join("; ", plan));
            }
        } catch (MigrationException refused) {
            left.add("on the target, what was copied: " + refused.failure().why());
        }
    }

    private void told(Undoing.Outcome outcome, String side) {
        outcome.removed().forEach(what -> did("undone on the " + side + ": " + what));
        outcome.gone().forEach(what -> did("was gone already on the " + side + ": " + what));
        left.addAll(outcome.left());
    }

    private void did(String what) {
        done.add(what);
        listener.on(new ProgressEvent.Notice(what));
    }

    private List<String> summary(Copied copied, boolean sourceReached) {
        List<String> summary = new ArrayList<>();
        summary.add(done.size() + (done.size() == 1 ? " thing was" : " things were") + " undone or found undone");
        summary.add(
                sourceReached
                        ? "the source is serving as before"
                        : "the source was not reached, and what was created there is still there");
        if (pastNoReturn) {
            summary.add("the target keeps what it has, also what was written to it since the cutover, which the source "
                    + "does not have: let only one of them be written to");
        } else if (copied == Copied.NOTHING) {
            summary.add(
                    targetIsEmpty
                            ? "the target holds no copy"
                            : "what the target holds was not removed: an earlier abort has kept it, or it is not the"
                                    + " migration's; let no application use it that does not know what it is");
        } else if (copied == Copied.GOES) {
            summary.add(
                    left.isEmpty()
                            ? "nothing of the copy is left on the target"
                            : "the target holds no complete copy: do not let an application use it");
        } else {
            summary.add(
                    "the target is open for writes and holds an INCOMPLETE copy, which nothing brings up to date: do "
                            + "not let an application use it");
        }
        return summary;
    }
}
