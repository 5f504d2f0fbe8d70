package org.pgmigrator.core.phase.copy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.CopyConfig.Rows;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.lag.SourceSample;
import org.pgmigrator.core.phase.stream.Spooling;
import org.pgmigrator.core.phase.stream.StreamSession;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.snapshot.ExportedSnapshot;
import org.pgmigrator.core.state.CopyRecord;
import org.pgmigrator.core.state.HolderRecord;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.decoder.Lsn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What can be gone on with of a copy that was cut off, and what is kept of one that is being cut off.
///
/// Slot and snapshot are one thing: rows are only copied under the snapshot of the very slot that is streamed from. It
/// lives as long as a session holds it, this process's own or that of a `snapshot-holder`. Once every row is copied it
/// is not needed any more, and the slot alone is enough.
public final class KeptCopy {

    private static final Logger log = LoggerFactory.getLogger(KeptCopy.class);

    private final MigrationConfig config;
    private final Database source;
    private final StateStore state;
    private final Spooling spooling;
    private final ProgressListener listener;
    private final String subscription;
    private final List<String> publications;

    /// @param publications what is streamed
    public KeptCopy(
            MigrationConfig config,
            Database source,
            StateStore state,
            Spooling spooling,
            List<String> publications,
            ProgressListener listener) {
        this.config = config;
        this.source = source;
        this.state = state;
        this.spooling = spooling;
        this.publications = List.copyOf(publications);
        this.listener = listener;
        this.subscription = config.replication().subscriptionName();
    }

    /// Whether a copy goes on.
    public sealed interface Answer {
        /// It does.
        ///
        /// @param snapshot held by this process from now on; null if it is not needed any more
        record GoOn(CopyRecord record, @Nullable ExportedSnapshot snapshot) implements Answer {
            Optional<ExportedSnapshot> held() {
                return Optional.ofNullable(snapshot);
            }
        }

        /// It has to begin again, and why: a clause.
        record Again(String why) implements Answer {}
    }

    /// Looks for a copy to go on with: what is recorded must be what is there. Whatever of the earlier run was still at
    /// work on the target must have ended. With a spool, changes are received to it again if it goes on.
    public Answer find() throws InterruptedException {
        CopyRecord record = record().orElse(null);
        if (record == null) {
            return new Answer.Again("the copy was cut off, and nothing of it was remembered");
        }
        if (config.copy().rows() == Rows.DUMP) {
            return new Answer.Again("the copy was cut off, and with --copy dump nothing is kept");
        }
        try (Connection observer = source.connect(Session.named("observe"))) {
            Optional<String> obstacle = slotObstacle(record, observer);
            if (obstacle.isPresent()) {
                return new Answer.Again(obstacle.get());
            }
            return withSpool(
                    record.step().needsSnapshot() ? withSnapshot(record, observer) : withoutSnapshot(record, observer),
                    StreamSession.sample(observer, config.replication().slotName())
                            .confirmedFlush());
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The source could not be looked at.", refusal);
        }
    }

    private Answer withSpool(Answer answer, Lsn confirmed) throws InterruptedException {
        if (!(answer instanceof Answer.GoOn found)) {
            return answer;
        }
        boolean goesOn = false;
        try {
            spooling.copyGoesOn(found.record().slot(), confirmed, publications);
            goesOn = true;
            return answer;
        } finally {
            if (!goesOn) {
                found.held().ifPresent(ExportedSnapshot::close);
            }
        }
    }

    private Optional<CopyRecord> record() {
        try {
            return CopyRecord.read(state.session(), subscription);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The record of the copy could not be read.", refusal);
        }
    }

    /// Why the slot is not the one that the copy is exact to, or not at the copy's place any more.
    private Optional<String> slotObstacle(CopyRecord record, Connection observer) throws InterruptedException {
        String slot = config.replication().slotName();
        StreamSession.SourceIdentity system = StreamSession.SourceIdentity.read(source);
        if (!system.systemIdentifier().equals(record.slot().systemIdentifier())
                || system.timeline() != record.slot().timeline()
                || !record.slot().slot().equals(slot)) {
            return Optional.of("the slot of the copy was on timeline "
                    + record.slot().timeline() + " of the source, which is on " + system.timeline() + " now");
        }
        StreamSession.awaitFree(observer, slot);
        SourceSample sample = StreamSession.sample(observer, slot);
        if (!sample.slotUsable()) {
            return Optional.of("slot \"" + slot + "\" of the copy can no longer be read (" + sample.walStatus() + ")");
        }
        if (sample.confirmedFlush().equals(record.slot().consistentPoint())) {
            return Optional.empty();
        }
        if (record.slot().consistentPoint().isAfter(sample.confirmedFlush())) {
            return Optional.of("slot \"" + slot + "\" is another one than that of the copy");
        }
        return spooling.hasRecord()
                ? Optional.empty()
                : Optional.of("slot \"" + slot + "\" was confirmed up to " + sample.confirmedFlush()
                        + ", beyond the copy's consistent point "
                        + record.slot().consistentPoint()
                        + ": another consumer has read from it");
    }

    private Answer withSnapshot(CopyRecord record, Connection observer) throws SQLException {
        Optional<HolderRecord> holder = HolderRecord.read(state.session(), subscription);
        if (holder.isEmpty()) {
            return new Answer.Again("the copy was cut off, and its snapshot is gone with the session that held it"
                    + " (pg-migrator snapshot-holder would have held it)");
        }
        if (!holder.get().consistentPoint().equals(record.slot().consistentPoint())) {
            return new Answer.Again("the snapshot that snapshot-holder holds belongs to another slot");
        }
        try {
            ExportedSnapshot snapshot = ExportedSnapshot.adopt(
                    source,
                    "snapshot",
                    holder.get().snapshot(),
                    record.visible(),
                    table -> table.isCarriedBy(config.filter()),
                    observer);
            boolean noted = false;
            try {
                CopyRecord.exported(state.session(), subscription, snapshot.id());
                noted = true;
            } finally {
                if (!noted) {
                    snapshot.close();
                }
            }
            return new Answer.GoOn(record, snapshot);
        } catch (MigrationException refused) {
            FailureKind kind = refused.failure().kind();
            if (kind == FailureKind.SNAPSHOT_GONE || kind == FailureKind.CATALOG_CHANGED) {
                return new Answer.Again("the copy's snapshot cannot be gone on with: "
                        + refused.failure().what() + " " + refused.failure().why());
            }
            throw refused;
        }
    }

    private Answer withoutSnapshot(CopyRecord record, Connection observer) throws SQLException {
        CatalogFingerprint now = CatalogFingerprint.of(Catalog.tables(observer).stream()
                .filter(table -> table.isCarriedBy(config.filter()))
                .toList());
        List<String> differences = record.fingerprint().differences(now);
        return differences.isEmpty()
                ? new Answer.GoOn(record, null)
                : new Answer.Again(
                        "the source's tables are not what was copied any more: " + String.join(", ", differences));
    }

    /// Says what is kept, before the copy goes on.
    public void tell(Answer.GoOn found) {
        String parts = "";
        try {
            CopyRecord.Parts all = CopyRecord.parts(state.session(), subscription);
            if (!all.plan().isEmpty()) {
                parts = ", " + all.done().size() + " of " + all.plan().size() + " parts of the rows are kept";
            }
        } catch (SQLException refusal) {
            log.warn("the parts of the copy could not be counted", refusal);
        }
        listener.on(new ProgressEvent.Notice("going on with the copy where it was cut off: "
                + found.record().step().words() + parts
                + (found.snapshot() == null ? "" : "; snapshot-holder has held its snapshot")));
    }

    /// Whether a copy that is being cut off can be gone on with later: every row is there, or somebody else holds the
    /// snapshot. Asks the target if it can be asked.
    ///
    /// @return what there is to say about it; empty if it is to be undone
    public Optional<String> keepable() {
        CopyRecord record;
        Optional<HolderRecord> holder;
        try {
            record = record().orElse(null);
            if (record == null || config.copy().rows() == Rows.DUMP) {
                return Optional.empty();
            }
            holder = HolderRecord.read(state.session(), subscription);
        } catch (MigrationException | SQLException unreachable) {
            log.warn("whether the copy can be kept is asked of the source alone", unreachable);
            Optional<CopyRecord.Step> complete = state.copied().filter(step -> !step.needsSnapshot());
            if (complete.isPresent()) {
                return complete.map(CopyRecord.Step::words);
            }
            return anyHolder().map(session -> session + "; what is complete on the target was not to be seen");
        }
        if (!record.step().needsSnapshot()) {
            return Optional.of(record.step().words());
        }
        return holder.filter(
                        found -> found.consistentPoint().equals(record.slot().consistentPoint()) && isAlive(found))
                .map(found -> record.step().words() + "; its snapshot is held by snapshot-holder (process "
                        + found.processId() + " on " + found.host() + ")");
    }

    private boolean isAlive(HolderRecord holder) {
        try (Connection connection = source.connect(Session.named("observe"))) {
            return holder.isAlive(connection);
        } catch (SQLException | MigrationException unreachable) {
            log.warn("whether the snapshot is held could not be asked", unreachable);
            return false;
        }
    }

    private Optional<String> anyHolder() {
        try (Connection connection = source.connect(Session.named("observe"))) {
            return HolderRecord.anyOn(connection, subscription)
                    ? Optional.of("its snapshot is held by snapshot-holder")
                    : Optional.empty();
        } catch (SQLException | MigrationException unreachable) {
            return Optional.empty();
        }
    }

    /// Ends the session of a `snapshot-holder`, whose locks would be in the way of undoing, and forgets it.
    public static void endHolder(StateStore state, Database source, String subscription, ProgressListener listener) {
        try {
            Optional<HolderRecord> holder = HolderRecord.read(state.session(), subscription);
            if (holder.isEmpty()) {
                return;
            }
            try (Connection connection = source.connect(Session.named("clean-up"))) {
                if (holder.get().end(connection)) {
                    listener.on(new ProgressEvent.Notice("ended the session of snapshot-holder on the source, pid "
                            + holder.get().backend().pid()));
                }
            }
            HolderRecord.remove(state.session(), subscription);
        } catch (SQLException | MigrationException unreachable) {
            log.warn("the session of snapshot-holder was not ended", unreachable);
        }
    }
}
