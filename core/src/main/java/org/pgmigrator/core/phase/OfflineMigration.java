package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.control.Confirmation;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.control.Stops;
import org.pgmigrator.core.copy.TargetStatistics;
import org.pgmigrator.core.cutover.Sequences;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.copy.CopyDatabase;
import org.pgmigrator.core.phase.copy.TargetRoom;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.validate.Validated;

/// The copy alone, of a source that is not written to: no slot, no stream, nothing is created on the source.
final class OfflineMigration {

    private final MigrationConfig config;
    private final Database source;
    private final Database target;
    private final Validated validated;
    private final ProgressListener listener;
    private final Confirmation confirmation;
    private final OperatorControl control;

    OfflineMigration(
            MigrationConfig config,
            Database source,
            Database target,
            Validated validated,
            ProgressListener listener,
            Confirmation confirmation,
            OperatorControl control) {
        this.config = config;
        this.source = source;
        this.target = target;
        this.validated = validated;
        this.listener = listener;
        this.confirmation = confirmation;
        this.control = control;
    }

    void run() throws InterruptedException {
        listener.on(new ProgressEvent.Warning(
                "offline: what is written to the source from now on does not reach the target"));
        TargetRoom room =
                new TargetRoom(target, config.filter(), config.replication().subscriptionName(), listener);
        if (config.copy().dropTargetFirst()) {
            room.confirm(confirmation, config.assumeYes());
        } else {
            room.look();
        }
        try {
            if (config.copy().dropTargetFirst()) {
                room.drop();
            }
            CopyDatabase.offline(config, source, target, validated, room, listener);
            int sequences = sequences();
            new TargetStatistics(config.copy(), config.filter(), target, listener).gather();
            control.setOnInterrupt(OnInterrupt.NOTHING);
            listener.on(new ProgressEvent.Complete(List.of(
                    "the target holds the source as it was when the dump began",
                    sequences + (sequences == 1 ? " sequence was set" : " sequences were set"))));
        } catch (InterruptedException stop) {
            throw stopped(room);
        } catch (MigrationException failed) {
            if (control.isStopPending()) {
                throw stopped(room);
            }
            control.detach();
            throw new MigrationException(failed.failure().withState(removed(room)), failed);
        }
    }

    private MigrationException stopped(TargetRoom room) {
        control.detach();
        return Stops.exception(control, removed(room), List.of("Run the same command to start again."));
    }

    private String removed(TargetRoom room) {
        if (!room.isFilling()) {
            return "the source is untouched; " + room.untouched();
        }
        try {
            room.removePartialCopy();
            return "the source is untouched; the target is empty again";
        } catch (MigrationException refused) {
            return "the source is untouched; the target holds a part of the copy, which could not be removed: "
                    + refused.failure().why();
        }
    }

    private int sequences() {
        try (Connection from = source.connect(Session.named("sequences"));
                Connection to = target.connect(Session.named("sequences"))) {
            Set<QualifiedName> carried = Set.copyOf(validated.source().sequences());
            Sequences.Copied copied =
                    Sequences.copy(from, to, carried::contains, config.cutover().sequenceBuffer());
            copied.usedUp().forEach(line -> listener.on(new ProgressEvent.Warning(line)));
            return copied.count();
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The sequences could not be set.", refusal);
        }
    }
}
