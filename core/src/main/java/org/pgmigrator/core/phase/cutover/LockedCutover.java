package org.pgmigrator.core.phase.cutover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgmigrator.core.apply.Applier;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.cutover.Fence;
import org.pgmigrator.core.cutover.LockBlocker;
import org.pgmigrator.core.cutover.LockEvent;
import org.pgmigrator.core.cutover.SourceLock;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.verify.VerifyReport;
import org.pgmigrator.decoder.Lsn;

/// `--source-lock tables`: every carried table is locked, then it is proved that the target has everything.
///
/// Whatever ends it before the fence, closing it unlocks the source. Every session is opened before the lock, so that
/// nobody waits for that.
final class LockedCutover implements AutoCloseable {

    /// A target that is that close behind when the lock is taken keeps nobody waiting for long.
    private static final Duration CLOSE_BEHIND = Duration.ofSeconds(1);

    /// So long the first lock is held for a target that fell behind as it was granted, as it does when a long
    /// transaction kept the lock away and then committed. Twice as long each time after that.
    private static final Duration DRAIN_PATIENCE = Duration.ofSeconds(2);

    private final CutoverScene scene;
    private final CutoverClock clock;
    private final CutoverProof proof;
    private final Drain drain;
    private final SourceLock lock;
    private final TargetOpening opening;
    private final NotStreamed notStreamed;
    private final ProgressListener listener;

    private List<String> toldBlockers = List.of();

    private LockedCutover(
            CutoverScene scene,
            CutoverClock clock,
            CutoverProof proof,
            Drain drain,
            SourceLock lock,
            TargetOpening opening) {
        this.scene = scene;
        this.clock = clock;
        this.proof = proof;
        this.drain = drain;
        this.lock = lock;
        this.opening = opening;
        this.notStreamed = new NotStreamed(scene, clock);
        this.listener = scene.listener();
    }

    /// Opens every session. Nothing is locked yet.
    static LockedCutover open(CutoverScene scene, CutoverClock clock) {
        List<Runnable> opened = new ArrayList<>();
        try {
            CutoverProof proof = CutoverProof.open(scene, clock);
            opened.add(proof::close);
            Drain drain = Drain.open(scene, clock);
            opened.add(drain::close);
            TargetOpening opening = TargetOpening.connect(scene.state(), scene.target(), scene.listener());
            opened.add(opening::close);
            SourceLock lock =
                    SourceLock.open(scene.source(), scene.slot(), scene.config().sourceLock());
            return new LockedCutover(scene, clock, proof, drain, lock, opening);
        } catch (RuntimeException failed) {
            opened.reversed().forEach(Runnable::run);
            throw failed;
        }
    }

    /// Locks, drains and proves; the lock is held when it returns.
    Cutover.Proved prove() throws CutoverGivenUp, InterruptedException {
        List<CatalogTable> carried = scene.watch().carriedTables();
        requireNoSchemaChanges(carried);
        CutoverProof.requireNoPreparedTransactions(scene.observer());
        catchUp();
        notStreamed.prepare(carried);
        proof.prepare();
        catchUp();
        clock.step("prepare", "sessions are open, and the target is close behind the source");
        FaultPoint.READY.reached();
        Drained drained = lockAndDrain();
        FaultPoint.DRAINED.reached();
        notStreamed.run();
        Set<QualifiedName> sequences = proof.copySequences(drained.carried());
        clock.step("sequences", sequences.size() + " set and read back");
        FaultPoint.SEQUENCES_SET.reached();
        compare();
        FaultPoint.VERIFIED.reached();
        lockTarget();
        lock.requireHeld();
        requireNoSchemaChanges(scene.watch().carriedTables());
        clock.requireTime("the source was not closed");
        return new Cutover.Proved(drained.end(), sequences);
    }

    /// Up to where the target has everything of these tables, which are locked.
    private record Drained(Lsn end, List<CatalogTable> carried) {}

    private Drained lockAndDrain() throws CutoverGivenUp, InterruptedException {
        for (Duration patience = DRAIN_PATIENCE; true; patience = patience.multipliedBy(2)) {
            lock();
            FaultPoint.LOCKED.reached();
            List<CatalogTable> carried = requireWhatWasCopied();
            clock.step("catalogue", "no table, column or key has changed since the copy");
            Optional<Applier.MarkerApplied> end = drain.run(patience, this::requireNotLost);
            if (end.isPresent()) {
                Drained drained = new Drained(end.get().endLsn(), carried);
                clock.step(
                        "drain",
                        "everything that was committed on the source is on the target, up to " + drained.end());
                return drained;
            }
            lock.release();
            listener.on(new ProgressEvent.Warning("the target had fallen behind when the source's tables were locked,"
                    + " and did not come up within " + patience.toSeconds()
                    + " s: they are unlocked again, everybody writes; the lock is taken once more when the target is"
                    + " close behind"));
            clock.unlocked();
            catchUp();
        }
    }

    /// Who waits for the lock should not have to wait for a backlog.
    private void catchUp() throws CutoverGivenUp, InterruptedException {
        while (true) {
            long began = System.nanoTime();
            drain.run(() -> {});
            Duration took = Duration.ofNanos(System.nanoTime() - began);
            if (took.compareTo(CLOSE_BEHIND) < 0) {
                return;
            }
            clock.requireTime("the target was not close enough behind the source for the lock");
        }
    }

    private void lock() throws InterruptedException {
        List<CatalogTable> carried = scene.watch().carriedTables();
        lock.acquire(carried, notStreamed.locksLargeObjects(), clock::isAlive, clock.remaining(), this::told);
        clock.lockedSince(lock.downtimeStartNanos());
        clock.step(
                "lock",
                carried.size() + " tables of the source are locked against writes by backend " + lock.pid()
                        + ", readers go on");
    }

    private void told(LockEvent event) {
        switch (event) {
            case LockEvent.Waiting waiting -> {
                List<String> blockers = waiting.blockers().stream()
                        .filter(blocker -> !blocker.isPassing())
                        .map(blocker -> blocker.kind().words() + " " + blocker.pid() + blocker.application())
                        .toList();
                if (!blockers.equals(toldBlockers)) {
                    toldBlockers = blockers;
                    listener.on(new ProgressEvent.Warning(waiting(waiting)));
                }
            }
            case LockEvent.Terminated ended ->
                listener.on(new ProgressEvent.Warning("ended, because it kept the lock away for longer than"
                        + " --terminate-blockers-after: " + ended.blocker().describe()));
            case LockEvent.TerminationRefused refused ->
                listener.on(new ProgressEvent.Warning("could not be ended: "
                        + refused.blocker().describe() + ": " + refused.why() + "; " + refused.remedy()));
        }
    }

    private static String waiting(LockEvent.Waiting waiting) {
        List<LockBlocker> lasting = waiting.blockers().stream()
                .filter(blocker -> !blocker.isPassing())
                .toList();
        if (lasting.isEmpty()) {
            return "the source's tables could not be locked yet (attempt " + waiting.attempt()
                    + "): short transactions held them; it is tried again, and meanwhile everybody writes";
        }
        int passing = waiting.blockers().size() - lasting.size();
        return "the source's tables cannot be locked yet (attempt " + waiting.attempt()
                + "), and meanwhile everybody writes. In the way: "
                + lasting.stream()
                        .map(blocker -> blocker.describe() + ": " + remedy(blocker))
                        .collect(Collectors.joining("; "))
                + (passing == 0 ? "" : "; and short transactions, which end by themselves: " + passing);
    }

    private static String remedy(LockBlocker blocker) {
        return blocker.kind().remedy();
    }

    private void requireNotLost() {
        if (lock.lost().isPresent()) {
            lock.requireHeld();
        }
    }

    /// Under the lock nobody can change a carried table; what was created, or changed before it, is seen here.
    ///
    /// @return every carried table
    private List<CatalogTable> requireWhatWasCopied() throws CutoverGivenUp {
        List<CatalogTable> now = scene.watch().carriedTables();
        Set<Long> locked = lock.tables().stream().map(CatalogTable::oid).collect(Collectors.toSet());
        List<String> late = new ArrayList<>();
        now.stream()
                .filter(table -> !locked.contains(table.oid()))
                .forEach(table -> late.add(table.name().toString()));
        requireNoSchemaChanges(now);
        if (!late.isEmpty()) {
            throw new CutoverGivenUp("tables were created while the lock was taken: " + String.join(", ", late));
        }
        CutoverProof.requireNoPreparedTransactions(scene.observer());
        return now;
    }

    private void requireNoSchemaChanges(List<CatalogTable> now) throws CutoverGivenUp {
        List<String> changes = scene.watch().schemaChanges(now);
        if (!changes.isEmpty()) {
            throw new CutoverGivenUp("the source's schema is not what was copied: " + String.join(", ", changes));
        }
    }

    private void compare() throws CutoverGivenUp, InterruptedException {
        CutoverProof.requireEqual(proof.differentInsertOnly());
        int deferrable = proof.proveDeferrable();
        Optional<VerifyReport> report = proof.verify();
        report.ifPresent(VerifyReport::requireEqual);
        clock.step(
                "verify",
                report.map(found -> found.level().name().toLowerCase(Locale.ROOT) + " of " + found.extent()
                                        + " are equal on both sides")
                                .orElse("nothing was asked for by --verify")
                        + "; " + scene.insertOnly().size() + " insert-only tables compared, " + deferrable
                        + " deferrable constraints proved");
    }

    /// Nobody's long transaction on the target may keep it closed once the source is.
    private void lockTarget() throws CutoverGivenUp, InterruptedException {
        int tables = opening.lock(TargetOpening.BEFORE_NO_RETURN, () -> {
            requireNotLost();
            clock.requireTime("the target's tables with identity columns were not locked");
        });
        if (tables > 0) {
            clock.step("target", tables + " tables whose identity columns are to be set back are locked for that");
        }
    }

    /// What opens the target.
    TargetOpening opening() {
        return opening;
    }

    /// Tells the lock, and the fence that comes of it, from every other.
    String token() {
        return lock.token();
    }

    /// Closes the source; the lock is used up.
    Fence.Outcome fence() {
        return Fence.place(lock);
    }

    /// Unlocks the source.
    ///
    /// @throws MigrationException never: a lock that is gone is what is wanted
    @Override
    public void close() {
        clock.end();
        lock.close();
        opening.close();
        notStreamed.close();
        drain.close();
        proof.close();
    }
}
