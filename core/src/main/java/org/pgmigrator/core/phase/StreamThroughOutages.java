package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.OperatorControl.OnInterrupt;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;

/// Streams until the cutover is complete, through outages of either server: after each lost connection everything is
/// opened again, if this migration is still this process's.
///
/// Runs on the migration's thread.
final class StreamThroughOutages {

    private final StreamScene scene;
    private final StreamAttempt attempt;
    private final Outage outage;

    /// What the target remembered of this migration when its stream began.
    private @Nullable MigrationRecord streamed;

    /// Whether another process has gone on with this migration.
    private boolean overtaken;

    StreamThroughOutages(StreamScene scene, RequestDesk desk) {
        this.scene = scene;
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
        try {
            streamed = MigrationRecord.read(scene.state().session(), scene.subscription())
                    .orElse(null);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The state on the target could not be read.", refusal);
        }
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
                requireStillOurs();
            }
            attempt.run(this::streaming);
            return true;
        } catch (MigrationException failed) {
            // A cutover goes back to the stream by itself where it can; what it throws ends the migration.
            if (attempt.isCuttingOver()
                    || overtaken
                    || scene.control().stopRequested().isPresent()) {
                throw failed;
            }
            Optional<Duration> pause = outage.pauseAfter(failed);
            if (pause.isEmpty()) {
                throw outage.last(failed);
            }
            scene.listener()
                    .on(new ProgressEvent.Warning(outage.describe(
                            failed, pause.get(), keeper(), scene.control().isCutoverRequested())));
            Thread.sleep(pause.get());
            return false;
        }
    }

    private void streaming() {
        outage.streaming().ifPresent(news -> scene.listener().on(new ProgressEvent.Notice(news)));
    }

    /// What has the changes that are not on the target.
    private String keeper() {
        return "slot \"" + scene.slot() + "\" on the source"
                + scene.config()
                        .spool()
                        .map(spool -> " and the spool in " + spool.directory() + " keep")
                        .orElse(" keeps");
    }

    /// The lease goes with its session: it must be ours again, and nobody may have gone on meanwhile.
    private void requireStillOurs() {
        try {
            Connection session = scene.state().session();
            Optional<MigrationRecord> now = MigrationRecord.read(session, scene.subscription());
            overtaken = streamed == null
                    || now.isEmpty()
                    || !streamed.isSameStream(now.get())
                    || CutoverRecord.read(session, scene.subscription())
                            .flatMap(CutoverRecord::token)
                            .isPresent();
            if (overtaken) {
                throw new MigrationException(Failure.of(
                                FailureKind.TARGET_IN_USE,
                                "Another pg-migrator has gone on with this migration during the outage.",
                                "what the target remembers of it is not what this process has left")
                        .withState("what the other process has made of them: pg-migrator status tells it")
                        .withRemedy("Look at pg-migrator status, then go on with --resume or pg-migrator abort."));
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The state on the target could not be read.", refusal);
        }
    }

    private MigrationException ended(MigrationException failed) {
        if (scene.control().isStopPending()) {
            return stopped();
        }
        scene.control().detach();
        return failed.failure().state().isEmpty()
                ? new MigrationException(failed.failure().withState(state()), failed)
                : failed;
    }

    private MigrationException stopped() {
        scene.control().detach();
        return Stops.exception(scene.control(), state(), HowToGoOn.withTheStream(scene.state(), scene.slot()));
    }

    private String state() {
        return HowToGoOn.streaming(scene.slot())
                + scene.config()
                        .spool()
                        .map(spool -> "; the spool in " + spool.directory()
                                + " has what was confirmed and is not there: it must survive")
                        .orElse("");
    }
}
