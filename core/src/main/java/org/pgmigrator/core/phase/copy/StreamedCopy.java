package org.pgmigrator.core.phase.copy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.DatabaseDump;
import org.pgmigrator.core.copy.DatabaseDump.Part;
import org.pgmigrator.core.copy.DatabaseRestore;
import org.pgmigrator.core.copy.DatabaseRestore.Section;
import org.pgmigrator.core.copy.DumpFolder;
import org.pgmigrator.core.copy.FinishedDump;
import org.pgmigrator.core.copy.PostData;
import org.pgmigrator.core.copy.RowCopy;
import org.pgmigrator.core.copy.RowPlan;
import org.pgmigrator.core.copy.RowUnit;
import org.pgmigrator.core.cutover.Sequences;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.phase.stream.Outage;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.snapshot.ExportedSnapshot;
import org.pgmigrator.core.state.CopyRecord;
import org.pgmigrator.core.state.CopyRecord.Step;
import org.pgmigrator.core.state.StateStore;
import org.pgmigrator.core.uncarried.Uncarried;
import org.pgmigrator.core.validate.CarriedSequences;
import org.pgmigrator.core.validate.Validated;

/// The copy in steps that the target remembers: definitions, rows, large objects, indexes. Goes on after any of them,
/// in this process after a lost session, or in another one.
final class StreamedCopy implements AutoCloseable {

    /// Since this version pg_dump has the creation of large objects among the data.
    private static final int FIRST_TO_CREATE_WITH_DATA = 17;

    private final MigrationConfig config;
    private final Database source;
    private final Database target;
    private final Validated validated;
    private final ProgressListener listener;
    private final StateStore state;
    private final String subscription;
    private final TargetRoom room;

    private @Nullable DumpFolder folder;
    private @Nullable FinishedDump definitions;
    private boolean restoring;
    private final CopyPatience patience;

    StreamedCopy(
            MigrationConfig config,
            Database source,
            Database target,
            Validated validated,
            ProgressListener listener,
            StateStore state,
            TargetRoom room,
            Outage outage) {
        this.config = config;
        this.source = source;
        this.target = target;
        this.validated = validated;
        this.listener = listener;
        this.state = state;
        this.subscription = config.replication().subscriptionName();
        this.room = room;
        this.patience = new CopyPatience(outage, listener);
    }

    /// Goes on behind the step that is complete.
    ///
    /// @param snapshot held by this process; closed as soon as it is not needed. Empty: it is not needed any more
    void run(Step complete, Optional<ExportedSnapshot> snapshot) throws InterruptedException {
        Step step = complete;
        if (step == Step.SNAPSHOT) {
            listener.on(new ProgressEvent.PhaseStarted(Phase.DUMP, "definitions, at the snapshot of the slot"));
            ExportedSnapshot held = snapshot.orElseThrow();
            FinishedDump dump = definitions(snapshot);
            restoreBegins();
            patiently(snapshot, () -> preData(dump, held), room::removeAllOfIt);
            step = Step.DEFINITIONS;
        }
        restoreBegins();
        if (step == Step.DEFINITIONS) {
            ExportedSnapshot held = snapshot.orElseThrow();
            patiently(snapshot, () -> rows(held), () -> {});
            FaultPoint.ROWS_COPIED.reached();
            patiently(snapshot, () -> reached(Step.ROWS), () -> {});
            step = Step.ROWS;
        }
        if (step == Step.ROWS) {
            FinishedDump dump = definitions(snapshot);
            patiently(snapshot, () -> largeObjects(snapshot), () -> {});
            patiently(snapshot, () -> sequences(dump), () -> {});
            FaultPoint.LARGE_OBJECTS_COPIED.reached();
            patiently(snapshot, () -> reached(Step.LARGE_OBJECTS), () -> {});
            step = Step.LARGE_OBJECTS;
        }
        snapshot.ifPresent(ExportedSnapshot::close);
        if (step == Step.LARGE_OBJECTS) {
            listener.on(new ProgressEvent.Notice("every row is copied; now indexes and constraints"));
            FinishedDump dump = definitions(Optional.empty());
            patiently(Optional.empty(), () -> postData(dump), () -> {});
            FaultPoint.INDEXES_COPIED.reached();
            patiently(Optional.empty(), () -> reached(Step.INDEXES), () -> {});
        }
    }

    private void restoreBegins() {
        if (!restoring) {
            restoring = true;
            listener.on(new ProgressEvent.PhaseStarted(Phase.RESTORE, "into " + target.describe()));
        }
    }

    private void reached(Step step) {
        try {
            CopyRecord.reached(state.session(), subscription, step);
            state.copyHasReached(step);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The step of the copy could not be noted.", refusal);
        }
    }

    /// The definitions, dumped once in this process. Without a snapshot they are those of now, whose tables are known
    /// to be the same.
    private FinishedDump definitions(Optional<ExportedSnapshot> snapshot) throws InterruptedException {
        FinishedDump known = definitions;
        if (known == null) {
            DumpFolder place = DumpFolder.create(config.copy());
            folder = place;
            known = dump(Part.DEFINITIONS, snapshot, place);
            definitions = known;
        }
        return known;
    }

    private FinishedDump dump(Part part, Optional<ExportedSnapshot> snapshot, DumpFolder place)
            throws InterruptedException {
        return new DatabaseDump(config.copy(), config.filter(), source, validated.tools(), listener)
                .run(part, snapshot.map(ExportedSnapshot::id), CopyDatabase.ownPublications(config), place);
    }

    private DatabaseRestore restore() {
        return new DatabaseRestore(config.copy(), config.filter(), target, validated.tools(), listener);
    }

    private void preData(FinishedDump dump, ExportedSnapshot snapshot) throws InterruptedException {
        room.claim(CopyDatabase.extensionTables(source, dump, config));
        restore().run(dump, List.of(Section.PRE_DATA), Set.of());
        List<RowUnit> plan;
        try (Connection reading = RowCopy.under(source, snapshot.id(), RowCopy.LOCK_TIMEOUT)) {
            plan = RowPlan.make(reading, dump, config.filter());
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The tables could not be divided for the copy.", refusal);
        }
        FaultPoint.DEFINITIONS_COPIED.reached();
        try {
            CopyRecord.planned(state.session(), subscription, plan);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The parts of the copy could not be noted.", refusal);
        }
    }

    private void rows(ExportedSnapshot snapshot) throws InterruptedException {
        CopyRecord.Parts parts = parts();
        new RowCopy(config.copy(), source, target, listener)
                .run(
                        snapshot.id(),
                        parts.plan(),
                        parts.done(),
                        CopyRecord.marks(subscription, state.process()),
                        patience.ofRows(snapshot::requireAlive));
        snapshot.requireAlive();
        requireAllMarked(parts());
    }

    private CopyRecord.Parts parts() {
        try {
            return CopyRecord.parts(state.session(), subscription);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The parts of the copy could not be read.", refusal);
        }
    }

    /// Only what is marked is there: the mark was committed with the rows.
    static void requireAllMarked(CopyRecord.Parts parts) {
        Set<Integer> marked = Set.copyOf(parts.done());
        List<RowUnit> unmarked = parts.plan().stream()
                .filter(unit -> !marked.contains(unit.number()))
                .toList();
        if (!unmarked.isEmpty()) {
            throw new MigrationException(Failure.of(
                    FailureKind.RESTORE_FAILED,
                    "The copy has come to its end, and rows are missing on the target.",
                    unmarked.size() + " of " + parts.plan().size() + " parts are not marked as copied, the first is "
                            + unmarked.getFirst()));
        }
    }

    private void largeObjects(Optional<ExportedSnapshot> snapshot) throws InterruptedException {
        if (!Uncarried.carriesLargeObjects(config.filter()) || !haveLargeObjects()) {
            return;
        }
        try (DumpFolder place = DumpFolder.create(config.copy())) {
            FinishedDump dump = dump(Part.LARGE_OBJECTS, snapshot, place);
            if (validated.tools().major() >= FIRST_TO_CREATE_WITH_DATA) {
                removeLargeObjects();
            }
            restore().run(dump, List.of(Section.DATA), Set.of());
        }
    }

    private boolean haveLargeObjects() {
        try (Connection connection = source.connect(Session.named("copy catalogue"))) {
            return "t".equals(Catalog.value(connection, "select exists (select from pg_largeobject_metadata)"));
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The large objects could not be looked at.", refusal);
        }
    }

    /// What an attempt before this one has made: the target had none. A thousand at a time, since each takes a lock.
    private void removeLargeObjects() {
        try (Connection connection = target.connect(Session.named("clean-up"))) {
            while (!"0"
                    .equals(Catalog.value(
                            connection,
                            "select count(lo_unlink(oid)) from (select oid from pg_largeobject_metadata"
                                    + " where pg_has_role(lomowner, 'USAGE') limit 1000) some"))) {
                // Once more.
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "Large objects could not be removed.", refusal);
        }
    }

    /// Those of extensions too, of which nothing is heard later.
    private void sequences(FinishedDump dump) {
        try (Connection from = source.connect(Session.named("sequences"));
                Connection to = target.connect(Session.named("sequences"))) {
            Set<QualifiedName> carried = new HashSet<>(CarriedSequences.read(
                    from,
                    config.filter(),
                    Catalog.tables(from).stream()
                            .filter(table -> table.isCarriedBy(config.filter()))
                            .toList()));
            // One that was made since the dump: the catalogue's comparison tells of it.
            Sequences.missing(to, Set.copyOf(carried)).forEach(carried::remove);
            Sequences.copy(from, to, carried::contains, 0);
            for (QualifiedName sequence : RowPlan.extensionSequences(from, dump, config.filter())) {
                try (Statement reading = from.createStatement();
                        ResultSet row = reading.executeQuery("select last_value, is_called from " + sequence.quoted());
                        PreparedStatement writing = to.prepareStatement("select setval(?::regclass, ?, ?)")) {
                    row.next();
                    writing.setString(1, sequence.quoted());
                    writing.setLong(2, row.getLong(1));
                    writing.setBoolean(3, row.getBoolean(2));
                    writing.execute();
                }
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The sequences could not be set.", refusal);
        }
    }

    private void postData(FinishedDump dump) throws InterruptedException {
        Set<PostData.Source> kept =
                PostData.keep(dump, source, target, !config.copy().noOwner(), room.kept());
        restore().run(dump, List.of(Section.POST_DATA), kept);
    }

    /// A part of the copy.
    @FunctionalInterface
    private interface Work {
        void run() throws InterruptedException;
    }

    /// Does it, and once more after a session was lost.
    private void patiently(Optional<ExportedSnapshot> snapshot, Work work, Work before) throws InterruptedException {
        boolean again = false;
        while (true) {
            try {
                // Whoever has taken it over is not to be disturbed.
                state.session();
                if (again) {
                    room.endOwnSessions();
                    before.run();
                }
                work.run();
                if (again) {
                    patience.isOver();
                }
                return;
            } catch (MigrationException failed) {
                if (!failed.failure().kind().isOutage()) {
                    throw failed;
                }
                patience.await(() -> snapshot.ifPresent(ExportedSnapshot::requireAlive), failed);
                again = true;
            }
        }
    }

    @Override
    public void close() {
        DumpFolder place = folder;
        if (place != null) {
            place.close();
        }
    }
}
