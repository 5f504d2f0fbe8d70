package org.pgmigrator.core.phase;

import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.cutover.InterruptedCutover;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.SourceServer;
import org.pgmigrator.core.state.StateStore;

/// `--resume`: where an earlier run has stopped, and how it goes on from there.
///
/// A cutover that was cut off is finished or taken back, a stream goes on; so does a copy whose snapshot is alive, or
/// that needs it no more. Any other copy starts again.
final class Resumption {

    private final MigrationConfig config;
    private final Database source;
    private final InterruptedCutover cutover;
    private final ProgressListener listener;
    private final Onward onward;

    /// The phases that may follow.
    interface Onward {
        void stream(CatalogFingerprint fingerprint) throws InterruptedException;

        /// Copies what is not complete, or all of it once more, then streams.
        void copy() throws InterruptedException;
    }

    Resumption(
            MigrationConfig config,
            Database source,
            InterruptedCutover cutover,
            ProgressListener listener,
            Onward onward) {
        this.config = config;
        this.source = source;
        this.cutover = cutover;
        this.listener = listener;
        this.onward = onward;
    }

    /// @param takeOver called once nothing stands against going on: whoever was at it may not come back from then on
    void run(StateStore.Stored stored, Runnable takeOver) throws InterruptedException {
        requireSameConfiguration(stored);
        requireSameSource(stored.source());
        takeOver.run();
        if (cutover.hasOpened()) {
            cutover.cleanUp();
            return;
        }
        if (stored.isStreaming() && stored.fingerprint().isPresent()) {
            if (!cutover.finishOrTakeBack()) {
                listener.on(new ProgressEvent.Notice("going on with the stream where the target is"));
                onward.stream(stored.fingerprint().get());
            }
            return;
        }
        onward.copy();
    }

    private void requireSameConfiguration(StateStore.Stored stored) {
        String configuration = ResumeConfiguration.of(config);
        if (!stored.configuration().equals(configuration)) {
            throw new MigrationException(Failure.of(
                    FailureKind.CONFIGURATION_DIFFERS,
                    "This migration was started with other options.",
                    "then: " + stored.configuration() + "\nnow:  " + configuration));
        }
    }

    /// Another server may have a slot of the same name, and what is undone must be ours.
    private void requireSameSource(SourceServer recorded) {
        recorded.requireIs(SourceServer.of(source), "The migration on the target does not come from this source.");
    }
}
