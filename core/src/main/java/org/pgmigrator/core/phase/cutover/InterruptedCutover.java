package org.pgmigrator.core.phase.cutover;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.SourceLockConfig.Mode;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.control.Stops;
import org.pgmigrator.core.cutover.TargetDoor;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.CutoverRecord;
import org.pgmigrator.core.state.HowToGoOn;
import org.pgmigrator.core.state.MigrationRecord;
import org.pgmigrator.core.state.SourceClosing;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.state.Undoing;
import org.pgmigrator.core.uncarried.Uncarried;
import org.pgmigrator.core.uncarried.UnloggedTables;
import org.pgmigrator.core.validate.CarriedSequences;

/// What the cutover of an earlier run has left, if it was cut off in one: finished where the source is closed, taken
/// back where it is not.
public final class InterruptedCutover {

    /// The state of both databases while nobody has looked.
    public static final String UNKNOWN =
            "the source is serving as before, or closed by the cutover that was cut off; the target is not open";

    private static final String OPEN = "the target is complete and open; the source is as the cutover has left it";

    /// A source that is restarting is waited for, when only it knows whether it is closed.
    private static final Duration FENCE_PATIENCE = Duration.ofSeconds(30);

    /// For a COMMIT whose answer was lost, and that is still under way.
    private static final Duration OPENING_PATIENCE = Duration.ofSeconds(60);

    private final MigrationConfig config;
    private final StateStore state;
    private final Database source;
    private final Database target;
    private final OperatorControl control;
    private final ProgressListener listener;
    private final String subscription;
    private final CutoverFinish finish;

    private boolean open;

    public InterruptedCutover(
            MigrationConfig config,
            StateStore state,
            Database source,
            Database target,
            OperatorControl control,
            ProgressListener listener) {
        this.config = config;
        this.state = state;
        this.source = source;
        this.target = target;
        this.control = control;
        this.listener = listener;
        this.subscription = config.replication().subscriptionName();
        this.finish = new CutoverFinish(config.cutover(), state, source, listener);
    }

    /// Whether it has opened the target: it was proved, and of what had closed the target nothing is left. A session of
    /// before that is still opening it is waited for.
    public boolean hasOpened() {
        try {
            return MigrationRecord.hasOpened(state.session(), subscription, OPENING_PATIENCE);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "Whether the target is open could not be found out.", refusal);
        }
    }

    /// Whether the target is open for what this has done or found: what is left is to clean up.
    public boolean isOpen() {
        return open;
    }

    /// The application may be writing to the target already: nothing may be streamed to it or set in it any more.
    public void cleanUp() {
        open = true;
        told(OPEN, HowToGoOn::withTheTargetOpen, () -> {
            requireNoStop();
            listener.on(new ProgressEvent.Notice(
                    "the cutover is complete and has opened the target: only what it left is removed"));
            finish.cleanUpAfter(record().flatMap(CutoverRecord::token));
        });
    }

    /// Does whatever is left to be done.
    ///
    /// @return whether it was finished; otherwise the stream goes on
    public boolean finishOrTakeBack() {
        AtomicBoolean closed = new AtomicBoolean();
        told(UNKNOWN, HowToGoOn::whereTheSourceMayBeClosed, () -> closed.set(isClosed()));
        if (closed.get()) {
            told(
                    "the target has everything and is not open yet; " + CutoverFinish.sourceIs(Mode.TABLES),
                    HowToGoOn::behindTheFence,
                    this::finish);
        } else {
            String slot = config.replication().slotName();
            told(HowToGoOn.streaming(slot), () -> HowToGoOn.withTheStream(state, slot), this::takeBack);
        }
        return closed.get();
    }

    /// A step of what is left to do.
    private interface Step {
        void run() throws InterruptedException;
    }

    /// @param situation how both databases are if it is stopped or fails, and nobody knows better
    /// @param goingOn   what the operator can do after a stop
    private void told(String situation, Supplier<List<String>> goingOn, Step step) {
        try {
            step.run();
        } catch (InterruptedException stop) {
            control.detach();
            throw Stops.exception(control, situation, goingOn.get());
        } catch (MigrationException failed) {
            throw failed.failure().state().isEmpty()
                    ? new MigrationException(failed.failure().withState(situation), failed)
                    : failed;
        }
    }

    /// Whether it has closed the source by its fence. Then everything was proved.
    private boolean isClosed() throws InterruptedException {
        Optional<CutoverRecord> cutover = record();
        return cutover.isPresent()
                && SourceClosing.isClosed(
                        source, config.replication().slotName(), cutover.get().token(), FENCE_PATIENCE);
    }

    private Optional<CutoverRecord> record() {
        try {
            return CutoverRecord.read(state.session(), subscription);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The state of the cutover could not be read.", refusal);
        }
    }

    /// The source is not closed by a fence: it serves, and the stream goes on.
    private void takeBack() throws InterruptedException {
        undo();
        if (record().isPresent()) {
            listener.on(new ProgressEvent.Notice(
                    "a cutover was cut off before the source was closed: the source is serving, and the cutover is to be"
                            + " asked for again"));
        }
        state.phase(Phase.STREAM_APPLY);
        CutoverRecord.remove(state.session(), subscription);
    }

    /// Also for a stop, whose interrupt would end the session that undoes it.
    private void undo() throws InterruptedException {
        boolean interrupted = Thread.interrupted();
        try {
            SourceClosing.reopenDoor(state, source)
                    .forEach(line ->
                            listener.on(new ProgressEvent.Warning("the source is not as it was before: " + line)));
            List<String> left = Undoing.run(state, source, SourceClosing::isFence)
                    .requireReached()
                    .left();
            if (!left.isEmpty()) {
                throw new MigrationException(Failure.of(
                                FailureKind.LEFT_BEHIND,
                                "What a cutover that was cut off has left on the source could not be removed.",
                                String.join("\n", left))
                        .withState("the source's tables may still refuse writes, by what is listed; the target is not"
                                + " open"));
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void requireNoStop() throws InterruptedException {
        if (!control.passPointOfNoReturn()) {
            throw new InterruptedException();
        }
    }

    /// What may have changed since the earlier run has proved everything: sequences, which the fence does not close,
    /// and
    /// unlogged tables, which a crash of the target has emptied.
    private void bringUpToDate() throws InterruptedException {
        try (Connection observer = source.connect(Session.named("observe"))) {
            List<CatalogTable> carried = Catalog.tables(observer).stream()
                    .filter(table -> table.isCarriedBy(config.filter()))
                    .toList();
            copyUnlogged(carried);
            Set<QualifiedName> sequences = Set.copyOf(CarriedSequences.read(observer, config.filter(), carried));
            finish.raiseSequences(observer, sequences::contains);
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The session on the source failed.", lost);
        }
    }

    private void copyUnlogged(List<CatalogTable> carried) throws InterruptedException {
        if (carried.stream().noneMatch(CatalogTable::unlogged)) {
            return;
        }
        if (state.journal().stream().anyMatch(entry -> entry.what().equals(TargetOpening.DOOR))
                && !TargetDoor.isClosed(state.session())) {
            listener.on(
                    new ProgressEvent.Warning("unlogged tables are left as they are on the target, since somebody has"
                            + " opened it meanwhile: if it has crashed since the earlier run, they are empty"));
            return;
        }
        long began = System.nanoTime();
        try (Uncarried uncarried = new Uncarried(
                source,
                target,
                config.filter(),
                !config.copy().noOwner(),
                !config.copy().noAcl())) {
            uncarried.prepareUnlogged(carried);
            UnloggedTables.Refilled refilled = uncarried.refillUnloggedTables(() -> true);
            listener.on(new ProgressEvent.CutoverStep(
                    "unlogged tables", Duration.ofNanos(System.nanoTime() - began), told(refilled)));
            if (!refilled.bothEmpty().isEmpty()) {
                listener.on(new ProgressEvent.Warning(
                        "unlogged tables that are empty on both sides, as a crash of both servers would leave them: "
                                + refilled.bothEmpty().stream()
                                        .map(QualifiedName::toString)
                                        .collect(Collectors.joining(", "))));
            }
        }
    }

    private static String told(UnloggedTables.Refilled refilled) {
        UnloggedTables.Result copied = refilled.copied();
        return refilled.kept() + " have rows, so that the target has not crashed since they were copied; "
                + copied.tables() + " were empty on the target and copied once more, " + copied.rows() + " rows of "
                + copied.bytes() + " bytes";
    }

    /// The source is closed and the target has everything: it is opened.
    private void finish() throws InterruptedException {
        requireNoStop();
        long began = System.nanoTime();
        CutoverRecord cutover = record().orElseThrow();
        listener.on(new ProgressEvent.PhaseStarted(
                Phase.CUTOVER, "everything was proved and the source is closed; the target is opened now"));
        try (TargetOpening opening = TargetOpening.connect(state, target, listener)) {
            bringUpToDate();
            state.phase(Phase.CUTOVER);
            FaultPoint.NO_RETURN.reached();
            finish.openTarget(
                    opening,
                    CutoverFinish.sourceIs(Mode.TABLES),
                    () -> finish.requireFence(cutover.token().orElseThrow()));
        }
        open = true;
        Duration elapsed = Duration.ofNanos(System.nanoTime() - began);
        Optional<Duration> downtime = cutover.locked().map(elapsed::plus);
        listener.on(
                new ProgressEvent.CutoverStep("open target", elapsed, "as the cutover that was cut off was about to"));
        FaultPoint.TARGET_OPENED.reached();
        told(
                CutoverFinish.isOpen(Mode.TABLES),
                HowToGoOn::withTheTargetOpen,
                () -> finish.complete(cutover.finalLsn(), elapsed, downtime, Mode.TABLES, List.of()));
    }
}
