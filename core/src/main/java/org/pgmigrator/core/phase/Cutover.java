package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.pgmigrator.core.apply.Applier;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.config.CutoverConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.cutover.DeferrableKeys;
import org.pgmigrator.core.cutover.Marker;
import org.pgmigrator.core.cutover.OpenWriters;
import org.pgmigrator.core.cutover.Sequences;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.validate.CarriedSequences;
import org.pgmigrator.core.verify.TableContent;
import org.pgmigrator.decoder.Lsn;

/// From the operator's wish to the proof that the target has everything: drain, quiet, sequences, and once more.
///
/// This version takes no lock on the source, so it proves what can be proved without one: that nothing was written
/// between
/// two markers, the second after the sequences were set. While the source is written to, it waits. What is written
/// after
/// the last marker nobody sees: that is why the operator must have stopped the writes.
final class Cutover {

    private static final Duration MARKER_POLL = Duration.ofMillis(5);
    private static final Duration QUIET_PAUSE = Duration.ofMillis(500);

    private final CutoverConfig config;
    private final Database source;
    private final Database target;
    private final Connection observer;
    private final Connection targetSession;
    private final String subscription;
    private final StreamSession session;
    private final StreamApply watch;
    private final List<CatalogTable> insertOnly;
    private final FilterConfig filter;
    private final OperatorControl control;
    private final ProgressListener listener;

    private final long started = System.nanoTime();
    private long stepStarted = started;

    /// @param observer an ordinary session on the source, used by the caller's thread only
    /// @param insertOnly tables whose updates and deletes were not published: their content is compared
    Cutover(
            CutoverConfig config,
            Database source,
            Database target,
            Connection observer,
            Connection targetSession,
            String subscription,
            StreamSession session,
            StreamApply watch,
            List<CatalogTable> insertOnly,
            FilterConfig filter,
            OperatorControl control,
            ProgressListener listener) {
        this.config = config;
        this.source = source;
        this.target = target;
        this.observer = observer;
        this.targetSession = targetSession;
        this.subscription = subscription;
        this.session = session;
        this.watch = watch;
        this.insertOnly = List.copyOf(insertOnly);
        this.filter = filter;
        this.control = control;
        this.listener = listener;
    }

    /// What was proved.
    ///
    /// @param finalLsn commit end of the last marker, which the target's own progress row has reached
    record Proved(Lsn finalLsn, int sequences) {}

    /// The cutover can't be done now; the migration goes on streaming.
    static final class GivenUp extends Exception {
        private static final long serialVersionUID = 1;

        private final String reason;

        GivenUp(String reason) {
            super(reason);
            this.reason = reason;
        }

        String reason() {
            return reason;
        }
    }

    long startedNanos() {
        return started;
    }

    /// Drains and proves. Nothing is opened or removed here.
    ///
    /// @throws GivenUp with the reason, if it can't be completed now
    /// @throws InterruptedException if the operator stops it
    Proved prove() throws GivenUp, InterruptedException {
        requireNoSchemaChanges();
        requireNoPreparedTransactions();
        Applier.MarkerApplied last = drain();
        step("drain", "everything committed before " + last.endLsn() + " is on the target");
        while (true) {
            last = awaitQuiet(last);
            step("quiet", "no change between two markers");
            int sequences = copySequences();
            step("sequences", sequences + " set and read back");
            List<String> different = differentInsertOnly();
            int deferrable = DeferrableKeys.prove(targetSession);
            step(
                    "proof",
                    insertOnly.size() + " insert-only tables compared, " + deferrable + " deferrable constraints");
            awaitOpenWriters();
            Applier.MarkerApplied end = drain();
            requireNoSchemaChanges();
            if (end.changesBefore() == last.changesBefore()) {
                requireEqual(different);
                step("final marker", "the target's progress row has passed " + end.endLsn());
                return new Proved(end.endLsn(), sequences);
            }
            stillWritten(end.changesBefore() - last.changesBefore());
            last = end;
        }
    }

    /// Which ones there are is asked now: a sequence that was created since the copy is a change of schema like any
    /// other.
    private int copySequences() throws GivenUp {
        try {
            Set<QualifiedName> carried = Set.copyOf(CarriedSequences.read(observer, filter, watch.carriedTables()));
            List<QualifiedName> missing = Sequences.missing(targetSession, carried);
            if (!missing.isEmpty()) {
                throw new GivenUp("sequences of the source do not exist on the target: " + missing);
            }
            return Sequences.copy(observer, targetSession, carried::contains, config.sequenceBuffer());
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The sequences could not be listed.", refusal);
        }
    }

    void step(String name, String detail) {
        long now = System.nanoTime();
        listener.on(new ProgressEvent.CutoverStep(name, Duration.ofNanos(now - stepStarted), detail));
        stepStarted = now;
    }

    private Applier.MarkerApplied awaitQuiet(Applier.MarkerApplied first) throws GivenUp, InterruptedException {
        Applier.MarkerApplied last = first;
        while (true) {
            Applier.MarkerApplied next = drain();
            if (next.changesBefore() == last.changesBefore()) {
                return next;
            }
            stillWritten(next.changesBefore() - last.changesBefore());
            last = next;
            Thread.sleep(QUIET_PAUSE);
        }
    }

    /// Whoever is writing at this moment has ended before the next marker is written.
    private void awaitOpenWriters() throws GivenUp, InterruptedException {
        List<String> told = List.of();
        while (true) {
            List<String> writers = openWriters();
            if (writers.isEmpty()) {
                return;
            }
            if (!writers.equals(told)) {
                listener.on(new ProgressEvent.Warning(
                        "transactions on the source are still writing, the cutover waits for their end: "
                                + String.join("; ", writers)));
                told = writers;
            }
            requireTime("transactions were still writing on the source (" + String.join("; ", writers) + ")");
            Thread.sleep(QUIET_PAUSE);
        }
    }

    private List<String> openWriters() {
        try {
            return OpenWriters.list(observer, watch.carriedTables());
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The open transactions could not be listed.", refusal);
        }
    }

    private void stillWritten(long changes) throws GivenUp, InterruptedException {
        listener.on(new ProgressEvent.Warning("the source is still being written to: " + changes
                + " changes since the last marker. The cutover waits until the writes have stopped."));
        requireTime("the source was still being written to");
    }

    /// Writes a marker and waits until the target's own progress row has it, read in a new session.
    private Applier.MarkerApplied drain() throws GivenUp, InterruptedException {
        Marker marker = Marker.emit(observer);
        long nextTick = System.nanoTime() + Duration.ofSeconds(1).toNanos();
        while (true) {
            Optional<Applier.MarkerApplied> applied = session.applier()
                    .lastMarker()
                    .filter(candidate -> candidate.content().equals(marker.content()));
            if (applied.isPresent()) {
                requireReadBack(applied.get());
                return applied.get();
            }
            watch.requireRunning();
            requireTime("the target had not reached the marker");
            if (System.nanoTime() >= nextTick) {
                watch.tickInCutover();
                nextTick = System.nanoTime() + Duration.ofSeconds(1).toNanos();
            }
            Thread.sleep(MARKER_POLL);
        }
    }

    private void requireReadBack(Applier.MarkerApplied marker) {
        try (Connection fresh = target.connect(Session.named("proof"))) {
            Progress.Row row = Progress.read(fresh, subscription).orElseThrow(() -> notReadBack("no progress row"));
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

    private void requireTime(String waitedFor) throws GivenUp, InterruptedException {
        if (Thread.interrupted() || control.stopRequested().isPresent()) {
            throw new InterruptedException();
        }
        if (System.nanoTime() - started > config.timeout().toNanos()) {
            throw new GivenUp(waitedFor + " after " + config.timeout().toSeconds() + " s (--cutover-timeout)");
        }
    }

    private void requireNoSchemaChanges() throws GivenUp {
        List<String> changes = watch.schemaChanges();
        if (!changes.isEmpty()) {
            throw new GivenUp("the source's schema is not what was copied: " + String.join(", ", changes));
        }
    }

    /// A prepared transaction is not in the stream until it is committed, and no marker can wait for that.
    private void requireNoPreparedTransactions() throws GivenUp {
        List<String> prepared = new ArrayList<>();
        try (Statement statement = observer.createStatement();
                ResultSet row = statement.executeQuery(
                        "select gid from pg_prepared_xacts where database = current_database() order by prepared")) {
            while (row.next()) {
                prepared.add(row.getString(1));
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The prepared transactions could not be listed.", refusal);
        }
        if (!prepared.isEmpty()) {
            throw new GivenUp("prepared transactions are open on the source, commit them or roll them back: "
                    + String.join(", ", prepared));
        }
    }

    /// Tables that differ. It means nothing until a marker has shown that no change came while they were read.
    private List<String> differentInsertOnly() {
        List<String> different = new ArrayList<>();
        if (insertOnly.isEmpty()) {
            return different;
        }
        try (Connection fresh = source.connect(Session.named("proof"))) {
            for (CatalogTable table : insertOnly) {
                TableContent there = TableContent.read(fresh, table);
                TableContent here = TableContent.read(targetSession, table);
                if (!there.equals(here)) {
                    different.add(
                            table.name() + " (source " + there.rows() + " rows, target " + here.rows() + " rows)");
                }
            }
        } catch (SQLException refusal) {
            throw new MigrationException(
                    Failure.of(
                            FailureKind.CUTOVER_NOT_COMPLETED,
                            "The insert-only tables could not be compared.",
                            SqlState.serverWords(refusal)),
                    refusal);
        }
        return different;
    }

    private static void requireEqual(List<String> different) {
        if (!different.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.VERIFICATION_MISMATCH,
                            "Tables whose inserts alone were carried differ: " + String.join(", ", different) + ".",
                            "rows were updated or deleted on the source during the migration")
                    .withRemedy("Start again with --without-identity full for these tables, or give them a key."));
        }
    }
}
