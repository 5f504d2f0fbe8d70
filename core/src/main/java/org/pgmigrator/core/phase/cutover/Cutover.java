package org.pgmigrator.core.phase.cutover;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.pgmigrator.core.config.CutoverConfig.When;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.SourceLockConfig.Mode;
import org.pgmigrator.core.control.RequestDesk;
import org.pgmigrator.core.cutover.Fence;
import org.pgmigrator.core.cutover.SourceDoor;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.phase.stream.AppliedTotals;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.CutoverRecord;
import org.pgmigrator.core.state.Note;
import org.pgmigrator.core.state.SourceClosing;
import org.pgmigrator.decoder.Lsn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// From the wish to cut over to the open target, or back to the stream: keep writes away, drain, prove, close the
/// source,
/// open the target.
///
/// The point of no return is the fence's COMMIT on the source; without a fence the moment before the target is opened.
/// Before it everything is taken back, and the stream goes on. One for each attempt, used by the migration's thread.
public final class Cutover {

    private static final Logger log = LoggerFactory.getLogger(Cutover.class);

    /// A source that is restarting is waited for, when only it knows whether it is closed.
    private static final Duration FENCE_PATIENCE = Duration.ofSeconds(60);

    private static final Duration SESSIONS_END = Duration.ofSeconds(10);

    private final CutoverScene scene;
    private final RequestDesk desk;
    private final CutoverClock clock;
    private final CutoverFinish finish;
    private final Mode mode;
    private final ProgressListener listener;

    private boolean pastNoReturn;
    private boolean open;
    private boolean doorStays;

    /// @param desk      told how it ends if it was asked for by another terminal
    /// @param rehearsal whether this is one for [#rehearse]: a wish to cut over ends it then
    public Cutover(CutoverScene scene, RequestDesk desk, boolean rehearsal) {
        this.scene = scene;
        this.desk = desk;
        this.clock = new CutoverClock(scene, scene.state().session(), rehearsal);
        this.finish = new CutoverFinish(scene.config(), scene.state(), scene.source(), scene.listener());
        this.mode = scene.config().sourceLock().mode();
        this.listener = scene.listener();
    }

    /// What was proved.
    ///
    /// @param finalLsn  commit end of the last marker, which the target's own progress row has reached
    /// @param sequences those that were set
    record Proved(Lsn finalLsn, Set<QualifiedName> sequences) {
        Proved {
            sequences = Set.copyOf(sequences);
        }
    }

    /// Cuts over, or goes back.
    ///
    /// @return false if the cutover was given up and the stream goes on
    /// @throws MigrationException if nothing can go on: the stream has failed, or it is past the point of no return;
    /// and
    ///     what it was given up for if no operator is there who could ask again
    public boolean run() throws InterruptedException {
        listener.on(new ProgressEvent.PhaseStarted(
                Phase.CUTOVER, mode == Mode.TABLES ? mode.protects() : mode.protects() + " " + mode.doesNotProtect()));
        try {
            CutoverRecord.begin(scene.state().session(), scene.subscription());
            switch (mode) {
                case TABLES -> locked();
                case READ_ONLY -> readOnly();
                case NONE -> quiet();
            }
            return true;
        } catch (CutoverGivenUp givenUp) {
            return givenUp(new MigrationException(
                    Failure.of(FailureKind.CUTOVER_NOT_COMPLETED, "The cutover was not completed.", givenUp.reason())));
        } catch (MigrationException failed) {
            return givenUp(failed);
        }
    }

    /// Whether it has opened the target: what is left is to clean up.
    public boolean hasOpened() {
        return open;
    }

    /// Everything up to the proof, then back to the stream.
    public void rehearse() throws InterruptedException {
        if (mode != Mode.TABLES) {
            desk.rehearsed(new Note.NotDone("there is nothing to rehearse with --source-lock "
                    + mode.name().toLowerCase(Locale.ROOT).replace('_', '-')
                    + ": nothing is locked, and sessions that are ended do not come back"));
            return;
        }
        listener.on(new ProgressEvent.PhaseStarted(
                Phase.CUTOVER, "a rehearsal: lock, drain, prove, and back. " + mode.protects()));
        try {
            CutoverRecord.begin(scene.state().session(), scene.subscription());
            List<String> summary;
            try (LockedCutover cutover = LockedCutover.open(scene, clock)) {
                Proved proved = cutover.prove();
                summary = rehearsed(proved);
            }
            clock.tell("unlock", "the source takes writes again");
            forgetRecord();
            summary.forEach(line -> listener.on(new ProgressEvent.Notice(line)));
            desk.rehearsed(new Note.Done(summary));
        } catch (CutoverGivenUp givenUp) {
            notRehearsed(givenUp.reason());
        } catch (MigrationException failed) {
            if (cannotGoOn()) {
                desk.rehearsed(new Note.NotDone(reason(failed)));
                throw failed;
            }
            notRehearsed(reason(failed));
        }
        listener.on(new ProgressEvent.PhaseStarted(scene.watch().phase(), "the stream goes on"));
    }

    private List<String> rehearsed(Proved proved) {
        return List.of(
                "rehearsal: writes to the source were kept away for "
                        + clock.locked().orElse(Duration.ZERO).toMillis()
                        + " ms, from the first lock granted to everything proved as of " + proved.finalLsn(),
                "rehearsal: a cutover now would take that, and the time to close the source and to open the target");
    }

    private void notRehearsed(String reason) {
        forgetRecord();
        listener.on(new ProgressEvent.Warning(
                "the rehearsal was not completed: " + reason + ". The source is serving and the stream goes on."));
        desk.rehearsed(new Note.NotDone(reason));
    }

    /// The stream has failed, or a stop was asked for, or there is no way back.
    private boolean cannotGoOn() {
        return pastNoReturn
                || scene.session().failure().isPresent()
                || scene.control().isStopPending();
    }

    private boolean givenUp(MigrationException failed) {
        if (cannotGoOn()) {
            throw failed;
        }
        forgetRecord();
        listener.on(new ProgressEvent.Warning("the cutover was not done: " + reason(failed)
                + (doorStays
                        ? ". The stream goes on; the source may still be read-only by default."
                        : ". The source is serving and the stream goes on.")));
        if (scene.config().when() == When.CAUGHT_UP) {
            throw failed;
        }
        desk.cutoverGivenUp(reason(failed));
        listener.on(new ProgressEvent.PhaseStarted(scene.watch().phase(), "the stream goes on"));
        return false;
    }

    private static String reason(MigrationException failed) {
        Failure failure = failed.failure();
        if (failure.kind() == FailureKind.CUTOVER_NOT_COMPLETED) {
            return failure.why();
        }
        String reason = failure.why().isEmpty() ? failure.what() : failure.what() + " " + failure.why();
        return reason.endsWith(".") ? reason.substring(0, reason.length() - 1) : reason;
    }

    private void forgetRecord() {
        try {
            CutoverRecord.remove(scene.state().session(), scene.subscription());
        } catch (MigrationException unreachable) {
            log.warn("the record of a cutover that was given up stays", unreachable);
        }
    }

    private void locked() throws CutoverGivenUp, InterruptedException {
        try (LockedCutover cutover = LockedCutover.open(scene, clock)) {
            Proved proved = cutover.prove();
            passPointOfNoReturn();
            long entry = scene.state().undoLog(Side.SOURCE).willCreate(SourceClosing.FENCE, Fence.dropSql());
            CutoverRecord.fencing(
                    scene.state().session(),
                    scene.subscription(),
                    cutover.token(),
                    proved.finalLsn(),
                    clock.locked().orElse(Duration.ZERO));
            FaultPoint.FENCE_JOURNALLED.reached();
            fence(cutover, entry);
            FaultPoint.FENCED.reached();
            String token = cutover.token();
            open(proved, cutover.opening(), () -> finish.requireFence(scene.observer(), token));
        }
    }

    /// Returns when the source is closed.
    private void fence(LockedCutover cutover, long entry) throws InterruptedException {
        switch (cutover.fence()) {
            case Fence.Outcome.Placed placed -> pastNoReturn = true;
            case Fence.Outcome.NotPlaced not -> notFenced(entry, not.failure());
            case Fence.Outcome.Unknown unknown -> {
                listener.on(new ProgressEvent.Warning("whether the source is closed is looked up: "
                        + unknown.failure().why()));
                if (isClosedAfterAll(cutover.token())) {
                    pastNoReturn = true;
                } else {
                    notFenced(
                            entry,
                            Failure.of(
                                    FailureKind.SOURCE_FENCE,
                                    "The source was not closed: the session that was about to close it was lost.",
                                    unknown.failure().why()));
                }
            }
        }
        clock.tell("fence", "the source's tables refuse writes from now on");
    }

    /// @throws MigrationException always
    private void notFenced(long entry, Failure why) {
        scene.state().done(entry);
        throw new MigrationException(why);
    }

    private boolean isClosedAfterAll(String token) throws InterruptedException {
        try {
            return SourceClosing.isClosed(scene.source(), scene.slot(), Optional.of(token), FENCE_PATIENCE);
        } catch (MigrationException unknown) {
            pastNoReturn = true;
            throw new MigrationException(
                    new Failure(
                            FailureKind.SOURCE_FENCE,
                            "Whether the source is closed is not known: the COMMIT that closes it was not answered.",
                            unknown.failure().what() + " " + unknown.failure().why(),
                            "the target has everything and is not open; the source is closed, or serving as before",
                            List.of(
                                    "When the source answers, run the same command with --resume: it finds out, and opens"
                                            + " the target or goes on with the stream.",
                                    "Or let the source serve: pg-migrator abort, with --unlock-source if it is closed.")),
                    unknown);
        }
    }

    private void readOnly() throws CutoverGivenUp, InterruptedException {
        try (QuietCutover cutover = QuietCutover.open(scene, clock)) {
            cutover.prepare();
            SourceDoor.Closing closing = SourceDoor.plan(scene.observer());
            scene.state().undoLog(Side.SOURCE).willCreate(SourceClosing.DEFAULT, closing.undoSql());
            try {
                clock.lockedSince(System.nanoTime());
                SourceDoor.close(scene.observer(), closing);
                SourceDoor.Ended ended = SourceDoor.endSessions(scene.observer(), SESSIONS_END);
                ended.refused()
                        .forEach(line -> listener.on(
                                new ProgressEvent.Warning("a session of the source could not be ended: " + line)));
                clock.step("read-only", "new sessions are read-only by default, " + ended.ended() + " were ended");
                FaultPoint.LOCKED.reached();
                cutover.awaitNone(
                        "transactions were still writing on the source", () -> SourceDoor.writers(scene.observer()));
                recordAndOpen(cutover.prove(), cutover.opening());
            } finally {
                if (!pastNoReturn) {
                    reopenDoor();
                }
            }
        }
    }

    /// Also for a stop, whose interrupt would end the session that undoes it.
    private void reopenDoor() {
        boolean interrupted = Thread.interrupted();
        try {
            List<String> left = SourceClosing.reopenDoor(scene.state(), scene.source());
            doorStays = !left.isEmpty();
            left.forEach(line -> listener.on(new ProgressEvent.Warning("the source is not as it was before: " + line)));
        } catch (InterruptedException again) {
            interrupted = true;
        } catch (MigrationException failed) {
            doorStays = true;
            listener.on(new ProgressEvent.Warning("the source may still be read-only by default: "
                    + failed.failure().what() + " " + failed.failure().why()));
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void quiet() throws CutoverGivenUp, InterruptedException {
        try (QuietCutover cutover = QuietCutover.open(scene, clock)) {
            cutover.prepare();
            recordAndOpen(cutover.prove(), cutover.opening());
        }
    }

    private void recordAndOpen(Proved proved, TargetOpening opening) throws InterruptedException {
        passPointOfNoReturn();
        pastNoReturn = true;
        open(proved, opening, () -> {});
    }

    private void passPointOfNoReturn() throws InterruptedException {
        if (!scene.control().passPointOfNoReturn()) {
            throw new InterruptedException();
        }
    }

    /// Everything is proved, and the source is closed if it can be: open the target, then clean up.
    private void open(Proved proved, TargetOpening opening, TargetOpening.Condition condition)
            throws InterruptedException {
        AppliedTotals applied = scene.appliedBefore().plus(scene.session().applier());
        try {
            // Nothing of ours may write to the target once it is open: the proof is of this moment.
            long began = System.nanoTime();
            scene.session().close();
            long closed = System.nanoTime();
            if (mode == Mode.TABLES) {
                finish.raiseSequences(scene.observer(), proved.sequences()::contains);
            }
            long raised = System.nanoTime();
            // From here on a resume must know that the target may be open. Before, the fence tells it that all is
            // proved.
            scene.state().phase(Phase.CUTOVER);
            FaultPoint.NO_RETURN.reached();
            finish.openTarget(opening, CutoverFinish.sourceIs(mode), condition);
            open = true;
            log.info(
                    "target opened stream_closed_ms={} sequences_ms={} opened_ms={}",
                    Duration.ofNanos(closed - began).toMillis(),
                    Duration.ofNanos(raised - closed).toMillis(),
                    Duration.ofNanos(System.nanoTime() - raised).toMillis());
        } catch (MigrationException failed) {
            throw failed.failure().state().isEmpty() ? notOpened(failed, proved) : failed;
        }
        Optional<Duration> downtime = clock.locked();
        clock.tell("open target", "identity columns as on the source, default_transaction_read_only reset");
        FaultPoint.TARGET_OPENED.reached();
        try {
            finish.complete(Optional.of(proved.finalLsn()), clock.elapsed(), downtime, mode, facts(proved, applied));
        } catch (MigrationException failed) {
            throw failed.failure().state().isEmpty()
                    ? new MigrationException(failed.failure().withState(CutoverFinish.isOpen(mode)), failed)
                    : failed;
        }
    }

    private MigrationException notOpened(MigrationException failed, Proved proved) {
        return new MigrationException(
                new Failure(
                        failed.failure().kind(),
                        failed.failure().what(),
                        failed.failure().why(),
                        "the target has everything as of " + proved.finalLsn() + " and is not open yet; "
                                + CutoverFinish.sourceIs(mode),
                        List.of(
                                mode == Mode.TABLES
                                        ? "Remove the cause, then run the same command with --resume: it opens the target."
                                        : "Remove the cause, then run the same command with --resume: it goes on with the"
                                                + " stream, and the cutover is to be asked for again.")),
                failed);
    }

    private static List<String> facts(Proved proved, AppliedTotals applied) {
        int sequences = proved.sequences().size();
        return List.of(
                applied.transactions() + " transactions with " + applied.changes()
                        + " changes were applied by this run",
                "the target has everything that was committed on the source before " + proved.finalLsn(),
                sequences + (sequences == 1 ? " sequence was set" : " sequences were set"));
    }
}
