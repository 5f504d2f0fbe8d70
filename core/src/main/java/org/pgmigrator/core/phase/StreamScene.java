package org.pgmigrator.core.phase;

import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.phase.stream.SlotCare;
import org.pgmigrator.core.phase.stream.Spooling;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.validate.Validated;

/// What changes are streamed with, the same for every attempt.
///
/// @param closeTarget puts the target in the state that it has while changes are streamed
/// @param fingerprint of the source's carried tables under the copy's snapshot
record StreamScene(
        MigrationConfig config,
        Database source,
        Database target,
        Validated validated,
        StateStore state,
        Spooling spooling,
        SlotCare care,
        CatalogFingerprint fingerprint,
        OperatorControl control,
        ProgressListener listener,
        Runnable closeTarget) {

    String subscription() {
        return config.replication().subscriptionName();
    }

    String slot() {
        return config.replication().slotName();
    }
}
