package org.pgmigrator.core.phase.cutover;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.pgmigrator.core.apply.Applier;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.cutover.Marker;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// Writes a marker into the source's WAL and waits until the target's own progress row says that it is past it.
///
/// The row is read by a session that has nothing to do with the one that writes it, and that is opened beforehand.
final class Drain implements AutoCloseable {

    private static final Duration MARKER_POLL = Duration.ofMillis(2);

    /// The cutover's own time is over long before.
    private static final Duration UNTIL_GIVEN_UP = Duration.ofDays(365);

    private final CutoverScene scene;
    private final CutoverClock clock;
    private final Connection proof;

    private Drain(CutoverScene scene, CutoverClock clock, Connection proof) {
        this.scene = scene;
        this.clock = clock;
        this.proof = proof;
    }

    static Drain open(CutoverScene scene, CutoverClock clock) {
        return new Drain(scene, clock, scene.target().connect(Session.named("proof")));
    }

    /// What has to hold while it waits.
    @FunctionalInterface
    interface Guard {
        /// Asks whether it still holds.
        ///
        /// @throws MigrationException if it does not
        void check();
    }

    /// Returns when the target has everything that was committed on the source before this call.
    ///
    /// @param guard asked all the time
    /// @return the marker as the target has it
    Applier.MarkerApplied run(Guard guard) throws CutoverGivenUp, InterruptedException {
        return run(UNTIL_GIVEN_UP, guard).orElseThrow();
    }

    /// The same, but gives up waiting.
    ///
    /// @return empty if the target had not reached the marker within this time
    Optional<Applier.MarkerApplied> run(Duration patience, Guard guard) throws CutoverGivenUp, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        Marker marker = Marker.emit(scene.observer());
        long nextTick = System.nanoTime() + Duration.ofSeconds(1).toNanos();
        while (true) {
            Optional<Applier.MarkerApplied> applied = scene.session()
                    .applier()
                    .lastMarker()
                    .filter(candidate -> candidate.content().equals(marker.content()));
            if (applied.isPresent()) {
                requireReadBack(applied.get());
                return applied;
            }
            scene.watch().requireRunning();
            guard.check();
            clock.requireTime("the target had not reached the marker");
            if (System.nanoTime() > deadline) {
                return Optional.empty();
            }
            if (System.nanoTime() >= nextTick) {
                scene.watch().tickInCutover();
                nextTick = System.nanoTime() + Duration.ofSeconds(1).toNanos();
            }
            Thread.sleep(MARKER_POLL);
        }
    }

    private void requireReadBack(Applier.MarkerApplied marker) {
        try {
            Progress.Row row =
                    Progress.read(proof, scene.subscription()).orElseThrow(() -> notReadBack("no progress row"));
            if (!row.applied().isAtLeast(marker.endLsn())
                    || !row.markerEndLsn().equals(Optional.of(marker.endLsn()))
                    || !row.marker().equals(Optional.of(marker.content()))) {
                throw notReadBack("the row says " + row.applied() + ", marker " + row.markerEndLsn());
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The target's progress could not be read back.", refusal);
        }
    }

    private static MigrationException notReadBack(String why) {
        return new MigrationException(Failure.of(
                FailureKind.VERIFICATION_MISMATCH,
                "The target's own progress row does not show the marker that was applied.",
                why));
    }

    @Override
    public void close() {
        try {
            proof.close();
        } catch (SQLException alreadyGone) {
            // It only read.
        }
    }
}
