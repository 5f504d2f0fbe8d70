package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.CutoverConfig.When;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.copy.TargetStatistics;
import org.pgmigrator.core.cutover.FaultPoint;
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
import org.pgmigrator.core.uncarried.Uncarried;
import org.pgmigrator.core.validate.CarriedSequences;
import org.pgmigrator.core.validate.Validated;

/// Copy, stream, cut over: the phases after the checks, and what is undone when one of them ends early.
final class OnlineMigration {

    /// A source that is restarting is waited for, when only it knows whether it is closed.
    private static final String UNKNOWN =
            "the source is serving as before, or closed by the earlier run's cutover; the target is not open";
    private static final String OPEN = "the target is complete and open";

    private static final Duration FENCE_PATIENCE = Duration.ofSeconds(30);

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
            finish(state, OPEN, () -> finishOpened(state));
            return;
        }
        if (stored.isStreaming() && stored.fingerprint().isPresent()) {
            if (finishOrTakeBack(state)) {
                return;
            }
            // An earlier cutover may have ended while it opened the target.
            closeTarget(state);
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

    /// What an earlier run's cutover has left, if it was cut off in one.
    ///
    /// @return whether it was finished; otherwise the stream goes on
    private boolean finishOrTakeBack(StateStore state) throws InterruptedException {
        AtomicBoolean closed = new AtomicBoolean();
        finish(state, UNKNOWN, () -> closed.set(isClosed(state)));
        if (closed.get()) {
            finish(
                    state,
                    "the target has everything and is not open yet; "
                            + CutoverFinish.sourceIs(SourceLockConfig.Mode.TABLES),
                    () -> finishClosed(state));
        } else {
            finish(state, streamingState(), () -> takeBackCutover(state));
        }
        return closed.get();
    }

    /// A step of what an earlier run's cutover has left to do.
    private interface Finishing {
        void run() throws InterruptedException;
    }

    /// @param situation how both databases are if it is stopped or fails, and nobody knows better
    private void finish(StateStore state, String situation, Finishing step) {
        try {
            step.run();
        } catch (InterruptedException stop) {
            control.detach();
            throw Stops.exception(control, situation, leftAndHowToGoOn(state));
        } catch (MigrationException failed) {
            throw failed.failure().state().isEmpty()
                    ? new MigrationException(failed.failure().withState(situation), failed)
                    : failed;
        }
    }

    /// Whether an earlier run's cutover has closed the source by its fence. Then everything was proved.
    private boolean isClosed(StateStore state) throws InterruptedException {
        Optional<String> token = cutoverRecord(state).flatMap(CutoverRecord::token);
        return token.isPresent()
                && SourceClosing.isClosed(source, config.replication().slotName(), token.get(), FENCE_PATIENCE);
    }

    private Optional<CutoverRecord> cutoverRecord(StateStore state) {
        try {
            return CutoverRecord.read(state.session(), subscription);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The state of the cutover could not be read.", refusal);
        }
    }

    /// An earlier run was cut off in its cutover, and the source is not closed by a fence: it serves, and the stream
    /// goes
    /// on.
    private void takeBackCutover(StateStore state) throws InterruptedException {
        if (cutoverRecord(state).isPresent()) {
            listener.on(new ProgressEvent.Notice(
                    "the earlier run was stopped in its cutover, before the source was closed: the source is serving, and"
                            + " the cutover is to be asked for again"));
        }
        SourceClosing.reopenDoor(state, source)
                .forEach(line -> listener.on(new ProgressEvent.Warning("the source is not as it was before: " + line)));
        List<String> left = Undoing.run(state, source, SourceClosing::isFence).left();
        if (!left.isEmpty()) {
            throw new MigrationException(Failure.of(
                    FailureKind.LEFT_BEHIND,
                    "What the earlier run's cutover has left on the source could not be removed.",
                    String.join("\n", left)));
        }
        state.phase(Phase.STREAM_APPLY);
        CutoverRecord.remove(state.session(), subscription);
    }

    private CutoverFinish finish(StateStore state) {
        return new CutoverFinish(config.cutover(), state, source, target, listener);
    }

    private void requireNoStop() throws InterruptedException {
        if (!control.passPointOfNoReturn()) {
            throw new InterruptedException();
        }
    }

    /// The source is closed and the target has everything: it is opened.
    private void finishClosed(StateStore state) throws InterruptedException {
        requireNoStop();
        CutoverRecord cutover = cutoverRecord(state).orElseThrow();
        listener.on(new ProgressEvent.PhaseStarted(
                Phase.CUTOVER,
                "the earlier run has proved everything and closed the source; the target is opened now"));
        CutoverFinish finish = finish(state);
        long began = System.nanoTime();
        try (Connection observer = source.connect(Session.named("observe"))) {
            Set<QualifiedName> sequences = Set.copyOf(CarriedSequences.read(
                    observer,
                    config.filter(),
                    Catalog.tables(observer).stream()
                            .filter(CopyDatabase.carried(config))
                            .toList()));
            finish.raiseSequences(observer, sequences::contains);
            state.phase(Phase.CUTOVER);
            FaultPoint.NO_RETURN.reached();
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The session on the source failed.", lost);
        }
        finish.openTarget(CutoverFinish.sourceIs(SourceLockConfig.Mode.TABLES));
        Optional<Duration> downtime = cutover.lockedAt().map(since -> Duration.between(since, Instant.now()));
        Duration elapsed = Duration.ofNanos(System.nanoTime() - began);
        listener.on(new ProgressEvent.CutoverStep("open target", elapsed, "as the earlier run was about to"));
        FaultPoint.TARGET_OPENED.reached();
        finish(
                state,
                OPEN + "; " + CutoverFinish.sourceIs(SourceLockConfig.Mode.TABLES),
                () -> finishUp(finish, cutover, elapsed, downtime));
    }

    private void finishUp(CutoverFinish finish, CutoverRecord cutover, Duration elapsed, Optional<Duration> downtime) {
        finish.closeDoor();
        List<String> left = finish.cleanUp();
        FaultPoint.CLEANED_UP.reached();
        cutover.finalLsn().ifPresent(lsn -> listener.on(new ProgressEvent.CutoverComplete(lsn, elapsed, downtime)));
        CutoverFinish.requireNothingLeft(left);
        listener.on(new ProgressEvent.Complete(List.of(
                "the target is open for writes",
                CutoverFinish.sourceIs(SourceLockConfig.Mode.TABLES),
                finish.whatIsKept())));
    }

    /// The application may be writing to the target already: nothing may be streamed to it or set in it any more.
    private void finishOpened(StateStore state) throws InterruptedException {
        requireNoStop();
        listener.on(new ProgressEvent.Notice(
                "the earlier run has completed the cutover and opened the target: only what it left is removed"));
        CutoverFinish finish = finish(state);
        if (state.journal().stream().anyMatch(SourceClosing::isFence)) {
            finish.closeDoor();
        }
        CutoverFinish.requireNothingLeft(finish.cleanUp());
        listener.on(new ProgressEvent.Complete(List.of("the target is open for writes", finish.whatIsKept())));
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
            if (state.journal().stream().noneMatch(entry -> entry.what().equals(TargetOpening.DOOR))) {
                state.undoLog(Side.TARGET).willCreate(TargetOpening.DOOR, TargetDoor.openSql(target.name()));
            }
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
                left.addAll(CutoverFinish.removeState(store));
            } else {
                left.add(CutoverFinish.DROP_STATE);
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
                            carried);
                    Uncarried uncarried = new Uncarried(
                            source,
                            target,
                            config.filter(),
                            !config.copy().noOwner(),
                            !config.copy().noAcl())) {
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
                streamUntilProved(state, observer, session, watch, uncarried);
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

    private void streamUntilProved(
            StateStore state, Connection observer, StreamSession session, StreamApply watch, Uncarried uncarried)
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
                if (cutover(state, observer, session, watch, uncarried, false).run()) {
                    return;
                }
            } else if (control.takeRehearsal()) {
                cutover(state, observer, session, watch, uncarried, true).rehearse();
            } else {
                control.await(StreamApply.interval(config.lag()));
            }
        }
    }

    private Cutover cutover(
            StateStore state,
            Connection observer,
            StreamSession session,
            StreamApply watch,
            Uncarried uncarried,
            boolean rehearsal) {
        return new Cutover(
                new CutoverScene(
                        config.cutover(),
                        config.filter(),
                        source,
                        target,
                        observer,
                        state,
                        subscription,
                        config.replication().slotName(),
                        session,
                        watch,
                        validated.source().insertOnly(),
                        uncarried,
                        control,
                        listener),
                desk,
                rehearsal);
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
