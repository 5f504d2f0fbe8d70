package org.pgmigrator.core.phase.cutover;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.pgmigrator.core.apply.Applier;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.cutover.OpenWriters;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.verify.VerifyReport;

/// `--source-lock none` and `read-only`: nobody is locked out, so it proves what can be proved without that, which is
/// that nothing was written between two markers, the second after everything was set and compared.
///
/// While the source is written to, it waits. What is written after the last marker nobody sees.
final class QuietCutover implements AutoCloseable {

    private static final Duration QUIET_PAUSE = Duration.ofMillis(500);

    private final CutoverScene scene;
    private final CutoverClock clock;
    private final CutoverProof proof;
    private final Drain drain;
    private final TargetOpening opening;
    private final NotStreamed notStreamed;

    private QuietCutover(
            CutoverScene scene, CutoverClock clock, CutoverProof proof, Drain drain, TargetOpening opening) {
        this.scene = scene;
        this.clock = clock;
        this.proof = proof;
        this.drain = drain;
        this.opening = opening;
        this.notStreamed = new NotStreamed(scene, clock);
    }

    static QuietCutover open(CutoverScene scene, CutoverClock clock) {
        List<Runnable> opened = new ArrayList<>();
        try {
            CutoverProof proof = CutoverProof.open(scene, clock);
            opened.add(proof::close);
            Drain drain = Drain.open(scene, clock);
            opened.add(drain::close);
            TargetOpening opening = TargetOpening.connect(scene.state(), scene.target(), scene.listener());
            return new QuietCutover(scene, clock, proof, drain, opening);
        } catch (RuntimeException failed) {
            opened.reversed().forEach(Runnable::run);
            throw failed;
        }
    }

    /// What can be seen beforehand.
    void prepare() throws CutoverGivenUp, InterruptedException {
        requireNoSchemaChanges();
        CutoverProof.requireNoPreparedTransactions(scene.observer());
        notStreamed.prepare(scene.watch().carriedTables());
        proof.prepare();
        FaultPoint.READY.reached();
    }

    Cutover.Proved prove() throws CutoverGivenUp, InterruptedException {
        Applier.MarkerApplied last = drain.run(() -> {});
        clock.step("drain", "everything committed before " + last.endLsn() + " is on the target");
        FaultPoint.DRAINED.reached();
        while (true) {
            last = awaitQuiet(last);
            clock.step("quiet", "no change between two markers");
            notStreamed.run();
            Set<QualifiedName> sequences = proof.copySequences(scene.watch().carriedTables());
            clock.step("sequences", sequences.size() + " set and read back");
            FaultPoint.SEQUENCES_SET.reached();
            List<String> different = proof.differentInsertOnly();
            int deferrable = proof.proveDeferrable();
            Optional<VerifyReport> report = proof.verify();
            clock.step("verify", told(report, deferrable));
            FaultPoint.VERIFIED.reached();
            awaitNone("transactions were still writing on the source", this::openWriters);
            CutoverProof.requireNoPreparedTransactions(scene.observer());
            Applier.MarkerApplied end = drain.run(() -> {});
            requireNoSchemaChanges();
            if (end.changesBefore() == last.changesBefore()) {
                CutoverProof.requireEqual(different);
                report.ifPresent(VerifyReport::requireEqual);
                clock.step("final marker", "the target's progress row has passed " + end.endLsn());
                return new Cutover.Proved(end.endLsn(), sequences);
            }
            stillWritten(end.changesBefore() - last.changesBefore());
            last = end;
        }
    }

    private String told(Optional<VerifyReport> report, int deferrable) {
        return report.map(found ->
                                found.level().name().toLowerCase(Locale.ROOT) + " of " + found.extent() + " compared")
                        .orElse("nothing was asked for by --verify")
                + "; " + scene.insertOnly().size() + " insert-only tables compared, " + deferrable
                + " deferrable constraints proved";
    }

    private Applier.MarkerApplied awaitQuiet(Applier.MarkerApplied first) throws CutoverGivenUp, InterruptedException {
        Applier.MarkerApplied last = first;
        while (true) {
            Applier.MarkerApplied next = drain.run(() -> {});
            if (next.changesBefore() == last.changesBefore()) {
                return next;
            }
            stillWritten(next.changesBefore() - last.changesBefore());
            last = next;
            Thread.sleep(QUIET_PAUSE);
        }
    }

    /// Whoever is writing at this moment has ended before the next marker is written.
    ///
    /// @param who a line each
    void awaitNone(String waitedFor, Supplier<List<String>> who) throws CutoverGivenUp, InterruptedException {
        List<String> told = List.of();
        while (true) {
            List<String> writers = who.get();
            if (writers.isEmpty()) {
                return;
            }
            if (!writers.equals(told)) {
                scene.listener()
                        .on(new ProgressEvent.Warning(
                                "transactions on the source are still writing, the cutover waits for their end: "
                                        + String.join("; ", writers)));
                told = writers;
            }
            clock.requireTime(waitedFor + " (" + String.join("; ", writers) + ")");
            Thread.sleep(QUIET_PAUSE);
        }
    }

    private List<String> openWriters() {
        try {
            return OpenWriters.list(scene.observer(), scene.watch().carriedTables());
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The open transactions could not be listed.", refusal);
        }
    }

    private void stillWritten(long changes) throws CutoverGivenUp, InterruptedException {
        scene.listener()
                .on(new ProgressEvent.Warning("the source is still being written to: " + changes
                        + " changes since the last marker. The cutover waits until the writes have stopped."));
        clock.requireTime("the source was still being written to");
    }

    private void requireNoSchemaChanges() throws CutoverGivenUp {
        List<CatalogTable> now = scene.watch().carriedTables();
        List<String> changes = scene.watch().schemaChanges(now);
        if (!changes.isEmpty()) {
            throw new CutoverGivenUp("the source's schema is not what was copied: " + String.join(", ", changes));
        }
    }

    /// What opens the target.
    TargetOpening opening() {
        return opening;
    }

    @Override
    public void close() {
        clock.end();
        opening.close();
        notStreamed.close();
        drain.close();
        proof.close();
    }
}
