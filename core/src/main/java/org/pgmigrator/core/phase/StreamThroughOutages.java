package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.config.CutoverConfig.When;
import org.pgmigrator.core.config.SlotRetention.AtLimit;
import org.pgmigrator.core.control.RequestDesk;
import org.pgmigrator.core.control.Stops;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.lag.SourceSample;
import org.pgmigrator.core.phase.cutover.InterruptedCutover;
import org.pgmigrator.core.phase.stream.Outage;
import org.pgmigrator.core.phase.stream.SlotCare.Stage;
import org.pgmigrator.core.phase.stream.SlotLoss;
import org.pgmigrator.core.phase.stream.StreamSession;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.state.HowToGoOn;
import org.pgmigrator.core.state.SourceServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Streams until the cutover is complete, through outages of either server: after each lost connection everything is
/// opened again, if this migration is still this process's.
///
/// Runs on the migration's thread.
final class StreamThroughOutages {

    /// Without an operator who asks again: what cuts it off so often is no outage, and locks the source each time.
    private static final int MOST_CUT_OFFS = 3;

    private static final Logger log = LoggerFactory.getLogger(StreamThroughOutages.class);

    private final StreamScene scene;
    private final StreamAttempt attempt;
    private final Outage outage;

    /// Until it is known how far it has come.
    private @Nullable CutOff cutOff;

    private int cutOffs;

    private final RequestDesk desk;

    StreamThroughOutages(StreamScene scene, RequestDesk desk) {
        this.scene = scene;
        this.desk = desk;
        this.attempt = new StreamAttempt(scene, desk);
        this.outage = new Outage(scene.config().replication().maxOutage());
    }

    /// @throws MigrationException what ended the stream, or the stop that was asked for: with the state of both
    ///     databases
    void run() throws InterruptedException {
        scene.control().setOnInterrupt(OnInterrupt.CUT_OVER);
        scene.listener()
                .on(new ProgressEvent.PhaseStarted(
                        Phase.STREAM_APPLY, "changes of the source are applied to the target"));
        boolean proved = false;
        while (!proved) {
            try {
                proved = hasStreamed();
            } catch (InterruptedException stop) {
                throw stopped();
            } catch (MigrationException failed) {
                throw ended(failed);
            }
        }
    }

    /// @return false if a connection was lost, and it is time for the next attempt
    private boolean hasStreamed() throws InterruptedException {
        try {
            if (outage.isOn()) {
                requireStillOursOrRoom();
            }
            if (cutOff != null && isFinished(cutOff)) {
                return true;
            }
            attempt.run(this::streaming);
            return true;
        } catch (MigrationException failed) {
            if (isOpen() || scene.control().stopRequested().isPresent()) {
                throw failed;
            }
            Optional<Duration> pause = outage.pauseAfter(failed);
            if (pause.isEmpty()) {
                throw outage.last(failed);
            }
            if (attempt.isCuttingOver() && cutOff == null) {
                if (scene.config().cutover().when() == When.CAUGHT_UP && ++cutOffs > MOST_CUT_OFFS) {
                    throw failed;
                }
                cutOff = new CutOff(failed);
            }
            if (cutOff != null) {
                scene.control().cutoverCutOff();
            }
            scene.listener().on(new ProgressEvent.Warning(outage.describe(failed, pause.get(), meanwhile())));
            Thread.sleep(pause.get());
            return false;
        }
    }

    /// The target is open: whatever fails now, nothing is streamed to it any more.
    private boolean isOpen() {
        return attempt.hasOpened() || (cutOff != null && cutOff.cutover.isOpen());
    }

    /// A cutover that a lost connection has cut off: only the servers know how far it has come.
    private final class CutOff {

        private final InterruptedCutover cutover = new InterruptedCutover(
                scene.config(), scene.state(), scene.source(), scene.target(), scene.control(), scene.listener());
        private final String why;

        /// How both databases are, as far as it is known.
        private final String state;

        CutOff(MigrationException failed) {
            this.why = failed.failure().what();
            String known = failed.failure().state();
            this.state = known.isEmpty() ? InterruptedCutover.UNKNOWN : known;
        }
    }

    /// Does what `--resume` would do.
    ///
    /// @return false if it was taken back, so that the stream goes on
    private boolean isFinished(CutOff cut) {
        requireOriginalSource(scene.state().read().orElseThrow().source());
        if (cut.cutover.hasOpened()) {
            cut.cutover.cleanUp();
            return true;
        }
        if (cut.cutover.finishOrTakeBack()) {
            return true;
        }
        scene.closeTarget().run();
        cutOff = null;
        desk.cutoverGivenUp(cut.why);
        scene.listener().on(new ProgressEvent.PhaseStarted(Phase.STREAM_APPLY, "the stream goes on"));
        return false;
    }

    /// Whatever answers in its place says nothing about whether the source is closed: a standby that is behind, a copy.
    private void requireOriginalSource(SourceServer recorded) {
        try (Connection session = scene.source().connect(Session.named("identify"))) {
            if ("true".equals(Catalog.value(session, "select pg_is_in_recovery()::text"))) {
                throw new MigrationException(
                        Failure.of(FailureKind.SOURCE_UNREACHABLE, "A standby answers in the source's place.", ""));
            }
            recorded.requireIs(SourceServer.read(session), "Another server answers in the source's place.");
            Optional<Progress.Row> progress = Progress.read(scene.state().session(), scene.subscription());
            if (progress.isPresent()) {
                StreamSession.requireSameSlot(scene.source(), scene.slot(), progress.get());
            }
        } catch (SQLException lost) {
            throw SqlState.toException(Side.SOURCE, "The source could not be identified.", lost);
        }
    }

    private void streaming(boolean progressed) {
        outage.streaming(progressed).ifPresent(news -> scene.listener().on(new ProgressEvent.Notice(news)));
    }

    /// How things are until the next attempt, and what Ctrl+C does.
    private String meanwhile() {
        if (cutOff != null) {
            return "It came in the cutover: when both servers are back, it is looked up whether the source is closed;"
                    + " then the target is opened, otherwise the stream goes on. Ctrl+C stops";
        }
        return "Meanwhile slot \"" + scene.slot() + "\" on the source"
                + scene.spooling()
                        .where()
                        .map(spool -> " and the spool in " + spool + " keep")
                        .orElse(" keeps")
                + " what is not on the target; "
                + (scene.control().isCutoverRequested()
                        ? "the cutover follows when both servers are back, Ctrl+C stops"
                        : "Ctrl+C asks for the cutover when both servers are back, twice stops");
    }

    /// While the target is away the slot goes on holding back WAL, and nobody else looks at it.
    private void requireStillOursOrRoom() {
        try {
            scene.state().session();
        } catch (MigrationException failed) {
            // In a cutover the operator's limit no longer counts, and the source may be closed.
            if (cutOff == null && failed.failure().kind() == FailureKind.TARGET_UNREACHABLE) {
                lookAtSlot();
            }
            throw failed;
        }
    }

    private void lookAtSlot() {
        try (Connection source = scene.source().connect(Session.named("observe"))) {
            scene.care().look(source, SourceSample.take(source, scene.slot()), Stage.STREAM);
        } catch (SQLException lost) {
            log.info("the slot could not be looked at: {}", lost.getMessage());
        } catch (MigrationException failed) {
            if (failed.failure().kind() == FailureKind.SLOT_MISSING) {
                throw new MigrationException(
                        failed.failure()
                                .withState("the target does not answer, and the slot is gone: another pg-migrator may"
                                        + " have completed this migration, or aborted it")
                                .withRemedy("Look at pg-migrator status where the target answers."),
                        failed);
            }
            if (failed.failure().kind().exitCode() == ExitCode.REPLICATION) {
                throw failed;
            }
            log.info("the slot could not be looked at: {}", failed.failure().why());
        }
    }

    private MigrationException ended(MigrationException failed) {
        if (scene.control().isStopPending()) {
            return stopped();
        }
        scene.control().detach();
        if (SlotLoss.isTooMuch(failed)) {
            return scene.config().replication().retention().atLimit() == AtLimit.DROP
                    ? SlotLoss.dropped(scene.state(), scene.source(), scene.spooling(), failed)
                    : SlotLoss.kept(scene.state(), scene.slot(), state(), failed);
        }
        return failed.failure().state().isEmpty()
                ? new MigrationException(failed.failure().withState(state(failed.failure())), failed)
                : failed;
    }

    private MigrationException stopped() {
        scene.control().detach();
        return Stops.exception(
                scene.control(),
                state(),
                cutOff != null
                        ? HowToGoOn.whereTheSourceMayBeClosed()
                        : HowToGoOn.withTheStream(scene.state(), scene.slot()));
    }

    /// A source that is away may have become anything since.
    private String state(Failure failure) {
        return failure.kind() == FailureKind.SOURCE_UNREACHABLE && cutOff == null
                ? "the source does not answer; when it did last: " + state()
                : state();
    }

    private String state() {
        if (cutOff != null) {
            return cutOff.state;
        }
        return HowToGoOn.streaming(scene.slot())
                + scene.spooling()
                        .where()
                        .map(spool ->
                                "; the spool in " + spool + " has what was confirmed and is not there: it must survive")
                        .orElse("");
    }
}
