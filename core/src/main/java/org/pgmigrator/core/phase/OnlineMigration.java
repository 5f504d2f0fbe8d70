package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.CutoverConfig.When;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.TargetStatistics;
import org.pgmigrator.core.cutover.IdentityColumns;
import org.pgmigrator.core.cutover.TargetDoor;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.OperatorControl.OnInterrupt;
import org.pgmigrator.core.phase.OperatorControl.Stop;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.snapshot.ReplicationSlot;
import org.pgmigrator.core.validate.Validated;

/// Copy, stream, cut over: the phases after the checks, and what is undone when one of them ends early.
final class OnlineMigration {

    private static final String DROP_STATE = "on the target, schema pgmigrator: DROP SCHEMA pgmigrator CASCADE;";

    private final MigrationConfig config;
    private final Database source;
    private final Database target;
    private final Checks checks;
    private Validated validated;
    private final ProgressListener listener;
    private final Confirmation confirmation;
    private final OperatorControl control;
    private final RequestDesk desk;
    private final String subscription;
    private final String configuration;

    OnlineMigration(
            MigrationConfig config,
            Database source,
            Database target,
            Validated validated,
            Checks checks,
            ProgressListener listener,
            Confirmation confirmation,
            OperatorControl control,
            RequestDesk desk) {
        this.config = config;
        this.source = source;
        this.target = target;
        this.validated = validated;
        this.checks = checks;
        this.listener = listener;
        this.confirmation = confirmation;
        this.control = control;
        this.desk = desk;
        this.subscription = config.replication().subscriptionName();
        this.configuration = ResumeConfiguration.of(config);
    }

    /// The checks, made once more.
    @FunctionalInterface
    interface Checks {
        Validated again() throws InterruptedException;
    }

    void run() throws InterruptedException {
        try (StateStore state = StateStore.open(target, subscription)) {
            Optional<StateStore.Stored> stored = state.read();
            if (config.resume()) {
                StateStore.Stored earlier = stored.orElseThrow(this::nothingToResume);
                desk.whileOpen(() -> resume(state, earlier));
            } else if (stored.isPresent()) {
                throw alreadyMigrating();
            } else {
                desk.whileOpen(() -> start(state));
            }
        }
    }

    private MigrationOrigin origin() {
        return new MigrationOrigin(configuration, config.replication().slotName(), sourceServer(), config.filter());
    }

    private SourceServer sourceServer() {
        try (Connection connection = source.connect(Session.named("identify"))) {
            return SourceServer.read(connection);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The source could not be identified.", refusal);
        }
    }

    private MigrationException nothingToResume() {
        return new MigrationException(Failure.of(
                FailureKind.NOTHING_TO_RESUME,
                "The target has no migration of subscription \"" + subscription + "\".",
                ""));
    }

    private MigrationException alreadyMigrating() {
        return new MigrationException(Failure.of(
                FailureKind.ALREADY_MIGRATING,
                "The target already holds a migration of subscription \"" + subscription + "\".",
                ""));
    }

    private void start(StateStore state) throws InterruptedException {
        TargetRoom room = new TargetRoom(target, config.filter(), listener);
        if (config.copy().dropTargetFirst()) {
            room.confirm(confirmation, config.assumeYes());
        }
        state.begin(origin());
        copyThenStream(state, room, config.copy().dropTargetFirst());
    }

    private void resume(StateStore state, StateStore.Stored stored) throws InterruptedException {
        if (!stored.configuration().equals(configuration)) {
            throw new MigrationException(Failure.of(
                    FailureKind.CONFIGURATION_DIFFERS,
                    "This migration was started with other options.",
                    "then: " + stored.configuration() + "\nnow:  " + configuration));
        }
        requireSameSource(stored.source());
        if (isOpened(state, stored)) {
            finishOpened(state);
            return;
        }
        if (stored.isStreaming() && stored.fingerprint().isPresent()) {
            // An earlier cutover may have ended while it opened the target.
            setIdentitiesByDefault(state);
            listener.on(new ProgressEvent.Notice("going on with the stream where the target is"));
            stream(state, stored.fingerprint().get());
            return;
        }
        listener.on(new ProgressEvent.Notice(
                "the earlier run was stopped during the copy, and its snapshot is gone with it: the copy starts again "
                        + "with a new slot, and what was restored so far is removed from the target first"));
        TargetRoom room = new TargetRoom(target, config.filter(), listener);
        room.endOwnSessions();
        List<String> left = new ArrayList<>(Undoing.run(state, source).left());
        left.addAll(Undoing.run(state, target).left());
        if (!left.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.LEFT_BEHIND,
                            "What the earlier run has left could not be removed.",
                            String.join("\n", left))
                    .withState("the source is serving; the target holds a part of a copy"));
        }
        // What was just undone (REPLICA IDENTITY FULL above all) was still there when the checks ran.
        validated = checks.again();
        state.begin(origin());
        copyThenStream(state, room, true);
    }

    /// Another server may have a slot of the same name, and what is undone must be ours.
    private void requireSameSource(SourceServer recorded) {
        SourceServer actual = sourceServer();
        if (!actual.equals(recorded)) {
            throw new MigrationException(Failure.of(
                    FailureKind.SLOT_MISMATCH,
                    "The migration on the target does not come from this source.",
                    "recorded: " + recorded.describe() + "; found: " + actual.describe()));
        }
    }

    /// Whether an earlier run's cutover has opened the target: it was proved, and of what had closed it nothing is
    /// left.
    private static boolean isOpened(StateStore state, StateStore.Stored stored) {
        return stored.phase() == Phase.CUTOVER
                && state.journal().stream().noneMatch(entry -> entry.side() == Side.TARGET);
    }

    /// The application may be writing to the target already: nothing may be streamed to it or set in it any more.
    private void finishOpened(StateStore state) throws InterruptedException {
        if (!control.passPointOfNoReturn()) {
            throw new InterruptedException();
        }
        listener.on(new ProgressEvent.Notice(
                "the earlier run has completed the cutover and opened the target: only what it left is removed"));
        List<String> left = config.cutover().keepSubscription() ? List.of() : cleanUp(state);
        requireNothingLeft(left);
        listener.on(new ProgressEvent.Complete(List.of("the target is open for writes", whatIsKept(state))));
    }

    private void copyThenStream(StateStore state, TargetRoom room, boolean dropFirst) throws InterruptedException {
        CatalogFingerprint fingerprint;
        try {
            closeTarget(state);
            if (dropFirst) {
                room.drop();
            }
            fingerprint = copy(state);
        } catch (InterruptedException stop) {
            throw abandonCopy(state, room, Optional.empty());
        } catch (MigrationException failed) {
            throw abandonCopy(state, room, control.isStopPending() ? Optional.empty() : Optional.of(failed));
        }
        stream(state, fingerprint);
    }

    private void closeTarget(StateStore state) {
        if (validated.target().mayClose()) {
            state.undoLog(Side.TARGET)
                    .willCreate("the target's default_transaction_read_only", TargetDoor.openSql(target.name()));
            TargetDoor.close(state.session(), target.name());
        }
    }

    private CatalogFingerprint copy(StateStore state) throws InterruptedException {
        CopyDatabase.Copied copied =
                new CopyDatabase(config, source, target, validated, listener, state.undoLog(Side.SOURCE)).run();
        new TargetStatistics(config.copy(), config.filter(), target, listener).gather();
        setIdentitiesByDefault(state);
        state.streamingFrom(copied.slot(), copied.fingerprint());
        return copied.fingerprint();
    }

    private void setIdentitiesByDefault(StateStore state) {
        List<IdentityColumns.Column> always = IdentityColumns.always(state.session()).stream()
                .filter(column -> config.filter().carries(column.table()))
                .toList();
        for (IdentityColumns.Column column : always) {
            state.undoLog(Side.TARGET)
                    .willCreate(
                            "GENERATED BY DEFAULT of " + column.table() + "." + column.column(), column.alwaysSql());
        }
        IdentityColumns.setByDefault(state.session(), always);
    }

    /// The copy has ended early. A slot whose snapshot is gone is of no use and holds back WAL, so it goes in any case;
    /// after TERM the target remembers that `--resume` has to begin again, otherwise both sides are left as they were.
    private MigrationException abandonCopy(StateStore store, TargetRoom room, Optional<MigrationException> cause) {
        control.detach();
        listener.on(new ProgressEvent.Notice("removing what was created"));
        List<String> left = new ArrayList<>(Undoing.run(store, source).left());
        boolean resumable = cause.isEmpty() && control.stopRequested().equals(Optional.of(Stop.TERMINATE));
        try {
            room.removePartialCopy();
        } catch (MigrationException refused) {
            left.add("on the target, the part that was restored: "
                    + refused.failure().why());
        }
        if (!resumable) {
            left.addAll(Undoing.run(store, target).left());
            if (left.isEmpty()) {
                left.addAll(removeState(store));
            } else {
                left.add(DROP_STATE);
            }
        }
        String state = left.isEmpty()
                ? "the source is serving and has nothing of ours left; the target is empty again"
                        + (resumable ? ", closed for writes, and remembers the migration" : "")
                : "the source is serving; this could not be removed:\n" + String.join("\n", left);
        return cause.map(failed -> new MigrationException(failed.failure().withState(state), failed))
                .orElseGet(() -> Stops.exception(
                        control,
                        state,
                        resumable
                                ? List.of("Run the same command with --resume: the copy starts again, with a new slot.")
                                : List.of("Run the same command to start again.")));
    }

    private void warnOfOtherLanes(StreamSession session) {
        int asked = config.apply().mode() == ApplyConfig.Mode.STRICT
                ? 1
                : config.apply().lanes();
        if (session.applier().lanes() != asked) {
            listener.on(new ProgressEvent.Warning("the earlier run stopped between the commits of its "
                    + session.applier().lanes() + " lanes, so this one applies with as many; the next run can have the "
                    + asked + " that were asked for"));
        }
    }

    private void stream(StateStore state, CatalogFingerprint fingerprint) throws InterruptedException {
        try (Connection observer = source.connect(Session.named("observe"))) {
            Predicate<QualifiedName> carried = carriedByName(observer);
            control.setOnInterrupt(OnInterrupt.CUT_OVER);
            listener.on(new ProgressEvent.PhaseStarted(
                    Phase.STREAM_APPLY, "changes of the source are applied to the target"));
            WireFormatChoice format = WireFormatChoice.make(config.apply().wireFormat(), observer, target, carried);
            listener.on(new ProgressEvent.WireFormatChosen(format.binary(), format.why()));
            try (StreamSession session = StreamSession.open(
                    source,
                    target,
                    observer,
                    subscription,
                    config.apply(),
                    format.binary(),
                    config.replication().slotName(),
                    CopyDatabase.publications(config, validated),
                    carried)) {
                warnOfOtherLanes(session);
                StreamApply watch = new StreamApply(
                        observer,
                        session,
                        config.replication().slotName(),
                        CopyDatabase.publications(config, validated),
                        config.lag(),
                        fingerprint,
                        CopyDatabase.carried(config),
                        listener);
                streamUntilProved(state, observer, session, watch);
            }
        } catch (SQLException lost) {
            throw ended(state, SqlState.toException(Side.SOURCE, "The session on the source failed.", lost));
        } catch (InterruptedException stop) {
            throw stopped(state);
        } catch (MigrationException failed) {
            throw ended(state, failed);
        }
    }

    private MigrationException ended(StateStore state, MigrationException failed) {
        if (control.isStopPending()) {
            return stopped(state);
        }
        control.detach();
        return failed.failure().state().isEmpty()
                ? new MigrationException(failed.failure().withState(streamingState()), failed)
                : failed;
    }

    private MigrationException stopped(StateStore state) {
        control.detach();
        return Stops.exception(control, streamingState(), leftAndHowToGoOn(state));
    }

    /// Drops only what is known not to be carried (the operator's own publication may send more than that). A name that
    /// nobody knew is a table that is new: its changes go on, and stop at the target, which has no such table.
    private Predicate<QualifiedName> carriedByName(Connection observer) throws SQLException {
        Set<QualifiedName> notCarried = Catalog.tables(observer).stream()
                .filter(CopyDatabase.carried(config).negate())
                .map(CatalogTable::name)
                .collect(Collectors.toSet());
        return name -> !notCarried.contains(name);
    }

    private void streamUntilProved(StateStore state, Connection observer, StreamSession session, StreamApply watch)
            throws InterruptedException {
        while (true) {
            if (control.stopRequested().isPresent()) {
                throw new InterruptedException();
            }
            watch.tick();
            if (config.cutover().when() == When.CAUGHT_UP && watch.phase() == Phase.CAUGHT_UP) {
                control.requestCutover();
            }
            if (control.isCutoverRequested()) {
                if (cutOver(state, observer, session, watch)) {
                    return;
                }
            } else {
                control.await(StreamApply.interval(config.lag()));
            }
        }
    }

    /// @return false if the cutover was given up and the stream goes on
    private boolean cutOver(StateStore state, Connection observer, StreamSession session, StreamApply watch)
            throws InterruptedException {
        listener.on(new ProgressEvent.PhaseStarted(
                Phase.CUTOVER, "no lock is taken: writes to the source must have been stopped"));
        Cutover cutover = new Cutover(
                config.cutover(),
                source,
                target,
                observer,
                state.session(),
                subscription,
                session,
                watch,
                validated.source().insertOnly(),
                config.filter(),
                control,
                listener);
        try {
            Cutover.Proved proved = cutover.prove();
            if (!control.passPointOfNoReturn()) {
                throw new InterruptedException();
            }
            finish(state, session, cutover, proved);
            return true;
        } catch (Cutover.GivenUp givenUp) {
            listener.on(new ProgressEvent.Warning("the cutover was not done: " + givenUp.reason()
                    + ". The source is serving and the stream goes on."));
            if (config.cutover().when() == When.CAUGHT_UP) {
                throw new MigrationException(Failure.of(
                        FailureKind.CUTOVER_NOT_COMPLETED, "The cutover was not completed.", givenUp.reason()));
            }
            desk.cutoverGivenUp(givenUp.reason());
            listener.on(new ProgressEvent.PhaseStarted(watch.phase(), "the stream goes on"));
            return false;
        }
    }

    /// Everything is proved: open the target, then clean up. A failure from here on leaves a complete target.
    private void finish(StateStore state, StreamSession session, Cutover cutover, Cutover.Proved proved) {
        long transactions = session.applier().transactionsApplied();
        long changes = session.applier().changesApplied();
        // Nothing of ours may write to the target once it is open: the proof is of this moment.
        session.close();
        // From here on a resume must know that the target may be open.
        state.phase(Phase.CUTOVER);
        Undoing.Outcome opened = Undoing.run(state, target);
        if (!opened.isComplete()) {
            throw new MigrationException(Failure.of(
                            FailureKind.TARGET_FAILED,
                            "Everything is on the target, but it could not be opened.",
                            String.join("\n", opened.left()))
                    .withState("the target is complete as of " + proved.finalLsn()
                            + "; slot and publication are kept; the source takes writes as before")
                    .withRemedy("Run the statements above, then repeat the cutover with --resume."));
        }
        cutover.step("open target", "identity columns as on the source, default_transaction_read_only reset");
        Duration elapsed = Duration.ofNanos(System.nanoTime() - cutover.startedNanos());
        List<String> left = config.cutover().keepSubscription() ? List.of() : cleanUp(state);
        cutover.step("clean up", left.isEmpty() ? whatIsKept(state) : "not complete");
        listener.on(new ProgressEvent.CutoverComplete(proved.finalLsn(), elapsed, Optional.empty()));
        requireNothingLeft(left);
        listener.on(new ProgressEvent.Complete(List.of(
                transactions + " transactions with " + changes + " changes were applied by this run",
                "the target has everything that was committed on the source before " + proved.finalLsn(),
                proved.sequences() + (proved.sequences() == 1 ? " sequence was set" : " sequences were set"),
                "the target is open for writes",
                whatIsKept(state))));
    }

    private static void requireNothingLeft(List<String> left) {
        if (!left.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.LEFT_BEHIND,
                            "The cutover is complete, but not everything could be removed.",
                            String.join("\n", left))
                    .withState("the target is complete and open; the source still holds what is listed")
                    .withRemedy("Run the listed statements: a slot that is left behind fills the source's disk."));
        }
    }

    private String whatIsKept(StateStore state) {
        return config.cutover().keepSubscription()
                ? "kept, as asked for: slot, publication and progress; drop the slot later, or it fills the source's "
                        + "disk: " + keptSql(state)
                : "slot, publication and progress were removed";
    }

    private String keptSql(StateStore state) {
        return String.join(
                " ", state.journal().stream().map(entry -> entry.sql() + ";").toList());
    }

    private List<String> cleanUp(StateStore state) {
        List<String> left = new ArrayList<>(Undoing.run(state, source).left());
        if (left.isEmpty()) {
            left.addAll(removeState(state));
        }
        return left;
    }

    private static List<String> removeState(StateStore state) {
        try {
            state.remove();
            return List.of();
        } catch (MigrationException refused) {
            return List.of(DROP_STATE + "  -- " + refused.failure().why());
        }
    }

    private String streamingState() {
        return "the source is serving as before; slot \"" + config.replication().slotName()
                + "\" is kept there and holds back WAL until it is used again or dropped; the target holds the copy and "
                + "everything that was committed there with its progress row";
    }

    private List<String> leftAndHowToGoOn(StateStore state) {
        List<String> steps = new ArrayList<>();
        steps.add("To go on: run the same command with --resume.");
        steps.add(
                "To give up instead: pg-migrator abort, which runs these; a slot that is left behind fills the source's disk:");
        try {
            state.journal()
                    .forEach(entry -> steps.add("  on the " + entry.side().word() + ": " + entry.sql() + ";"));
        } catch (MigrationException unreachable) {
            steps.add("  on the source: "
                    + ReplicationSlot.dropSql(config.replication().slotName())
                    + ";");
        }
        steps.add("  on the target: DROP SCHEMA pgmigrator CASCADE;");
        return steps;
    }
}
