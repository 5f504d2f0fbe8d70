package org.pgmigrator.core.phase.cutover;

import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.CutoverRecord;

/// The time of one cutover: how long each step took, how long writes were kept away, when it must be given up.
///
/// Confined to the migration's thread but for [#isAlive].
final class CutoverClock {

    private final Connection target;
    private final String subscription;
    private final OperatorControl control;
    private final ProgressListener listener;
    private final boolean rehearsal;
    private final long started = System.nanoTime();
    private volatile long deadline;
    private final Duration timeout;

    private long stepStarted = started;
    private long lockedNanos;
    private long lockedBefore;
    private volatile boolean over;

    /// @param target where the steps are recorded
    CutoverClock(CutoverScene scene, Connection target, boolean rehearsal) {
        this.target = target;
        this.subscription = scene.subscription();
        this.control = scene.control();
        this.listener = scene.listener();
        this.rehearsal = rehearsal;
        this.deadline = started + scene.config().timeout().toNanos();
        this.timeout = scene.config().timeout();
    }

    boolean isRehearsal() {
        return rehearsal;
    }

    /// A step is done: recorded, and told with its time.
    void step(String name, String detail) {
        CutoverRecord.step(target, subscription, name);
        tell(name, detail);
    }

    /// As [#step], when the target may be written to by the application and nothing is to be recorded there.
    void tell(String name, String detail) {
        long now = System.nanoTime();
        listener.on(new ProgressEvent.CutoverStep(name, Duration.ofNanos(now - stepStarted), detail));
        stepStarted = now;
    }

    /// Writes are kept away since then, in terms of `System.nanoTime()`.
    void lockedSince(long nanos) {
        lockedNanos = nanos;
    }

    /// Nothing keeps them away any more.
    void unlocked() {
        lockedBefore += System.nanoTime() - lockedNanos;
        lockedNanos = 0;
    }

    /// How long writes have been kept away, with the times before if they were let through in between; empty if nothing
    /// keeps them away.
    Optional<Duration> locked() {
        return lockedNanos == 0
                ? Optional.empty()
                : Optional.of(Duration.ofNanos(System.nanoTime() - lockedNanos + lockedBefore));
    }

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - started);
    }

    /// Lets the cutover have so much more time: something took it in nobody's way.
    void extend(Duration time) {
        long extended = deadline + time.toNanos();
        deadline = extended;
    }

    Duration remaining() {
        return Duration.ofNanos(Math.max(deadline - System.nanoTime(), 1));
    }

    /// Whether the cutover goes on and has time left. Thread-safe.
    boolean isAlive() {
        return !over && System.nanoTime() < deadline;
    }

    /// The cutover has ended in one way or another: nothing may be kept locked for it.
    void end() {
        over = true;
    }

    /// @param waitedFor what has not come, for the operator
    /// @throws CutoverGivenUp when the time is over, or a rehearsal is overtaken by a cutover
    /// @throws InterruptedException if the operator wants to stop
    void requireTime(String waitedFor) throws CutoverGivenUp, InterruptedException {
        if (Thread.interrupted() || control.stopRequested().isPresent()) {
            throw new InterruptedException();
        }
        if (rehearsal && control.isCutoverRequested()) {
            throw new CutoverGivenUp("the cutover itself was asked for during the rehearsal");
        }
        if (System.nanoTime() > deadline) {
            throw new CutoverGivenUp(waitedFor + " after " + timeout.toSeconds() + " s (--cutover-timeout)");
        }
    }
}
