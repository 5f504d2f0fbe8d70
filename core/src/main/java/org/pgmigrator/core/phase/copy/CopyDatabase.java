package org.pgmigrator.core.phase.copy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig.WithoutIdentity;
import org.pgmigrator.core.copy.DatabaseDump;
import org.pgmigrator.core.copy.DatabaseRestore;
import org.pgmigrator.core.copy.DumpFolder;
import org.pgmigrator.core.copy.ExtensionTable;
import org.pgmigrator.core.copy.FinishedDump;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.phase.stream.Outage;
import org.pgmigrator.core.phase.stream.StreamSession;
import org.pgmigrator.core.postgres.CatalogFingerprint;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.snapshot.ExportedSnapshot;
import org.pgmigrator.core.snapshot.Publications;
import org.pgmigrator.core.snapshot.ReplicaIdentities;
import org.pgmigrator.core.snapshot.ReplicationSlot;
import org.pgmigrator.core.snapshot.UndoLog;
import org.pgmigrator.core.state.CopyRecord;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.validate.Validated;

/// PrepareSnapshot, Dump and Restore: from a checked pair of databases to a copy that the stream continues exactly.
public final class CopyDatabase {

    /// A table may be rewritten between the slot and our lock on it; a new slot then has a new snapshot.
    private static final int SNAPSHOT_ATTEMPTS = 3;

    /// One wait for one running transaction; [ReplicationSlot] bounds all of them together.
    private static final String SLOT_LOCK_TIMEOUT = "60s";

    private final MigrationConfig config;
    private final Database source;
    private final Database target;
    private final Validated validated;
    private final ProgressListener listener;
    private final UndoLog sourceJournal;
    private final StateStore state;
    private final TargetRoom room;
    private final Outage outage;
    private final SlotReady slotReady;

    /// @param outage    what is survived of lost connections while rows are copied
    /// @param slotReady hears that the slot is there, before any row is copied
    public CopyDatabase(
            MigrationConfig config,
            Database source,
            Database target,
            Validated validated,
            ProgressListener listener,
            StateStore state,
            TargetRoom room,
            Outage outage,
            SlotReady slotReady) {
        this.config = config;
        this.source = source;
        this.target = target;
        this.validated = validated;
        this.listener = listener;
        this.sourceJournal = state.undoLog(Side.SOURCE);
        this.state = state;
        this.room = room;
        this.outage = outage;
        this.slotReady = slotReady;
    }

    /// Hears that the slot exists and can be streamed from, while its snapshot is held elsewhere.
    @FunctionalInterface
    public interface SlotReady {
        void at(SlotIdentity slot, List<String> publications) throws InterruptedException;
    }

    /// What the copy is exact to.
    public record Copied(SlotIdentity slot, CatalogFingerprint fingerprint) {}

    /// Copies everything under the snapshot of a new slot.
    public Copied run() throws InterruptedException {
        try (Connection observer = source.connect(Session.named("prepare"))) {
            listener.on(new ProgressEvent.PhaseStarted(Phase.PREPARE_SNAPSHOT, "publication, slot and snapshot"));
            createPublications(observer);
            SlotIdentity identity;
            CatalogFingerprint fingerprint;
            try (Prepared prepared = prepare(observer)) {
                requirePublished(observer, prepared.snapshot().tables());
                StreamSession.SourceIdentity system = StreamSession.SourceIdentity.read(source);
                identity = new SlotIdentity(
                        system.systemIdentifier(),
                        system.timeline(),
                        prepared.slot().name(),
                        prepared.slot().consistentPoint());
                fingerprint = CatalogFingerprint.of(prepared.snapshot().tables());
                state.copiesAt(identity);
                FaultPoint.SLOT_CREATED.reached();
                switch (config.copy().rows()) {
                    case STREAM -> {
                        remember(identity, prepared.snapshot(), fingerprint);
                        FaultPoint.COPY_BEGUN.reached();
                        slotReady.at(identity, publications(config, validated));
                        goOn(CopyRecord.Step.SNAPSHOT, Optional.of(prepared.snapshot()));
                    }
                    case DUMP -> {
                        slotReady.at(identity, publications(config, validated));
                        dumpAndRestore(prepared);
                    }
                }
            }
            return new Copied(identity, fingerprint);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The copy could not be prepared.", refusal);
        }
    }

    /// From here on another process can hold the snapshot as well, and go on with the copy.
    private void remember(SlotIdentity slot, ExportedSnapshot snapshot, CatalogFingerprint fingerprint) {
        try {
            new CopyRecord(
                            slot,
                            snapshot.visible(),
                            snapshot.id(),
                            fingerprint,
                            CopyRecord.Step.SNAPSHOT,
                            Instant.EPOCH)
                    .begin(state.session(), config.replication().subscriptionName());
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The copy could not be noted on the target.", refusal);
        }
    }

    /// Copies what is not complete.
    ///
    /// @param snapshot of the slot; closed as soon as it is not needed
    public void goOn(CopyRecord.Step complete, Optional<ExportedSnapshot> snapshot) throws InterruptedException {
        try (StreamedCopy copy = new StreamedCopy(config, source, target, validated, listener, state, room, outage)) {
            copy.run(complete, snapshot);
        }
    }

    /// The snapshot is not needed once the dump is complete.
    private void dumpAndRestore(Prepared prepared) throws InterruptedException {
        try (DumpFolder folder = DumpFolder.create(config.copy())) {
            listener.on(new ProgressEvent.PhaseStarted(
                    Phase.DUMP, "at the snapshot of " + prepared.slot().consistentPoint()));
            FinishedDump dump = new DatabaseDump(config.copy(), config.filter(), source, validated.tools(), listener)
                    .run(Optional.of(prepared.snapshot().id()), ownPublications(config), folder);
            prepared.snapshot().requireAlive();
            prepared.close();
            room.claim(extensionTables(source, dump, config));
            listener.on(new ProgressEvent.PhaseStarted(Phase.RESTORE, "into " + target.describe()));
            new DatabaseRestore(config.copy(), config.filter(), target, validated.tools(), listener).run(dump);
        }
    }

    static Set<String> ownPublications(MigrationConfig config) {
        return Set.of(
                config.replication().ownPublication(), config.replication().insertOnlyPublication());
    }

    /// What is streamed: the operator's publication, or ours.
    public static List<String> publications(MigrationConfig config, Validated validated) {
        Optional<String> given = config.replication().publication();
        if (given.isPresent()) {
            return List.of(given.get());
        }
        return validated.source().insertOnly().isEmpty()
                ? List.of(config.replication().ownPublication())
                : List.of(
                        config.replication().ownPublication(),
                        config.replication().insertOnlyPublication());
    }

    private void createPublications(Connection observer) throws InterruptedException {
        if (config.replication().withoutIdentity() == WithoutIdentity.FULL) {
            ReplicaIdentities.setFull(observer, validated.source().withoutIdentity(), sourceJournal);
        }
        if (config.replication().publication().isPresent()) {
            return;
        }
        Publications.create(
                observer,
                config.replication().ownPublication(),
                validated.source().published(),
                "insert, update, delete, truncate",
                sourceJournal);
        if (!validated.source().insertOnly().isEmpty()) {
            Publications.create(
                    observer,
                    config.replication().insertOnlyPublication(),
                    validated.source().insertOnly(),
                    "insert, truncate",
                    sourceJournal);
        }
    }

    /// The snapshot is younger than the checks: a table that was created in between would be copied, but never
    /// streamed.
    private void requirePublished(Connection observer, List<CatalogTable> tables) throws SQLException {
        List<QualifiedName> unpublished = Publications.unpublished(observer, publications(config, validated), tables);
        if (!unpublished.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.CATALOG_CHANGED,
                            "Tables were created on the source after the checks: "
                                    + unpublished.stream()
                                            .map(QualifiedName::toString)
                                            .collect(Collectors.joining(", "))
                                    + ".",
                            "no publication lists them, so their changes would not reach the target")
                    .withRemedy("Run the same command again: the checks then see these tables."));
        }
    }

    /// The slot with its snapshot, held by a session of ours.
    private record Prepared(ReplicationSlot slot, ExportedSnapshot snapshot) implements AutoCloseable {
        @Override
        public void close() {
            snapshot.close();
        }
    }

    private Prepared prepare(Connection observer) throws SQLException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try (Connection walsender =
                    source.connectReplication(Session.named("slot").with("lock_timeout", SLOT_LOCK_TIMEOUT))) {
                ReplicationSlot slot = ReplicationSlot.create(
                        walsender, observer, config.replication().slotName(), sourceJournal, this::waitingFor);
                listener.on(new ProgressEvent.Notice(
                        "slot \"" + slot.name() + "\" created, consistent point " + slot.consistentPoint()));
                return new Prepared(
                        slot,
                        ExportedSnapshot.hold(source, slot, table -> table.isCarriedBy(config.filter()), observer));
            } catch (MigrationException failed) {
                if (failed.failure().kind() != FailureKind.CATALOG_CHANGED || attempt == SNAPSHOT_ATTEMPTS) {
                    throw failed;
                }
                listener.on(new ProgressEvent.Warning(failed.failure().what() + " A new slot is made: "
                        + failed.failure().why()));
            }
            try (Statement statement = observer.createStatement()) {
                statement.execute(ReplicationSlot.dropSql(config.replication().slotName()));
            }
        }
    }

    private void waitingFor(List<String> blockers) {
        listener.on(new ProgressEvent.Notice("waiting for transactions that were running when the slot was asked for: "
                + (blockers.isEmpty() ? "none visible" : String.join("; ", blockers))));
    }

    static List<ExtensionTable> extensionTables(Database source, FinishedDump dump, MigrationConfig config) {
        try (Connection connection = source.connect(Session.named("copy catalogue"))) {
            return ExtensionTable.carried(connection, dump, config.filter());
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The tables of extensions could not be listed.", refusal);
        }
    }

    /// The same copy without slot and snapshot: pg_dump takes a snapshot of its own.
    public static void offline(
            MigrationConfig config,
            Database source,
            Database target,
            Validated validated,
            TargetRoom room,
            ProgressListener listener)
            throws InterruptedException {
        try (DumpFolder folder = DumpFolder.create(config.copy())) {
            listener.on(new ProgressEvent.PhaseStarted(Phase.DUMP, "of " + source.describe()));
            FinishedDump dump = new DatabaseDump(config.copy(), config.filter(), source, validated.tools(), listener)
                    .run(Optional.empty(), Set.of(), folder);
            room.claim(extensionTables(source, dump, config));
            listener.on(new ProgressEvent.PhaseStarted(Phase.RESTORE, "into " + target.describe()));
            new DatabaseRestore(config.copy(), config.filter(), target, validated.tools(), listener).run(dump);
        }
    }
}
