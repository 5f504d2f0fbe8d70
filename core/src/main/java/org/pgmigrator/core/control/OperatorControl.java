package org.pgmigrator.core.control;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.progress.OnInterrupt;

/// What the operator wants, handed from the signal handlers to the migration.
///
/// The migration says beforehand what the next Ctrl+C will mean, so that the screen can always show it. Thread-safe.
public final class OperatorControl {

    /// Why the migration has to stop.
    public enum Stop {
        /// Ctrl+C while copying: remove what was created.
        INTERRUPT_AND_REMOVE,
        /// Ctrl+C during the cutover: stop now, keep slot and progress.
        INTERRUPT_NOW,
        /// TERM or HUP: stop in order, so that `--resume` can go on.
        TERMINATE
    }

    private OnInterrupt onInterrupt = OnInterrupt.STOP_AND_REMOVE;
    private boolean cutoverRequested;
    private boolean rehearsalRequested;
    private @Nullable Stop stop;
    private @Nullable Stop deferred;
    private @Nullable Thread worker;
    private Runnable onStop = () -> {};

    /// What the next Ctrl+C would do now.
    public synchronized OnInterrupt onInterrupt() {
        return onInterrupt;
    }

    /// The operator pressed Ctrl+C.
    ///
    /// @return what this press set in motion
    public synchronized OnInterrupt interrupt() {
        OnInterrupt meaning = onInterrupt;
        switch (meaning) {
            case END, STOP_AND_REMOVE -> requestStop(Stop.INTERRUPT_AND_REMOVE);
            case CUT_OVER -> requestCutover();
            case STOP_NOW, STOP_UNDECIDED -> requestStop(Stop.INTERRUPT_NOW);
            case NOTHING -> {}
        }
        return meaning;
    }

    /// TERM or HUP arrived: never a cutover. Past the point of no return it counts only if it turns out that there is a
    /// way back.
    public synchronized void terminate() {
        if (onInterrupt != OnInterrupt.NOTHING) {
            requestStop(Stop.TERMINATE);
        } else {
            deferred = Stop.TERMINATE;
        }
    }

    /// Asks for the cutover, as Ctrl+C does in StreamApply; from then on Ctrl+C means [OnInterrupt#STOP_NOW].
    public synchronized void requestCutover() {
        cutoverRequested = true;
        onInterrupt = OnInterrupt.STOP_NOW;
        notifyAll();
    }

    /// Another terminal asks for the cutover: it acts where Ctrl+C would cut over, and nowhere else.
    ///
    /// @return what Ctrl+C meant at that moment
    public synchronized OnInterrupt askForCutover() {
        OnInterrupt meaning = onInterrupt;
        if (meaning == OnInterrupt.CUT_OVER && stop == null) {
            requestCutover();
        }
        return meaning;
    }

    /// Another terminal asks for a rehearsal: it acts where Ctrl+C would cut over, and nowhere else.
    ///
    /// @return what Ctrl+C means at that moment, and goes on to mean
    public synchronized OnInterrupt askForRehearsal() {
        if (onInterrupt == OnInterrupt.CUT_OVER && stop == null) {
            rehearsalRequested = true;
            notifyAll();
        }
        return onInterrupt;
    }

    /// Whether a rehearsal was asked for; it is taken up by this.
    public synchronized boolean takeRehearsal() {
        boolean asked = rehearsalRequested;
        rehearsalRequested = false;
        return asked;
    }

    private void requestStop(Stop reason) {
        if (stop == null) {
            stop = reason;
            onStop.run();
            if (worker != null) {
                worker.interrupt();
            }
        }
        notifyAll();
    }

    /// The current thread does the migration from now on: a stop interrupts it.
    ///
    /// @param onStop what a stop sets in motion beside that; it must return at once
    public synchronized void attach(Runnable onStop) {
        worker = Thread.currentThread();
        this.onStop = onStop;
    }

    /// The thread is no longer interrupted by a stop: it is undoing or reporting.
    public synchronized void detach() {
        worker = null;
        boolean wasInterrupted = Thread.interrupted();
        if (wasInterrupted && stop == null) {
            Thread.currentThread().interrupt();
        }
    }

    /// From now on Ctrl+C means this.
    public synchronized void setOnInterrupt(OnInterrupt meaning) {
        onInterrupt = meaning;
    }

    /// The cutover was given up by the current thread, perhaps in the very moment of no return: back to where Ctrl+C
    /// asks
    /// for one, and a stop interrupts again.
    synchronized void cutoverGivenUp() {
        cutoverRequested = false;
        onInterrupt = OnInterrupt.CUT_OVER;
        worker = Thread.currentThread();
        if (deferred != null) {
            requestStop(deferred);
        }
    }

    /// A lost connection has cut off the cutover of the current thread, and whether there is a way back is not known:
    /// a stop is heard, and interrupts, until it is.
    public synchronized void cutoverCutOff() {
        onInterrupt = OnInterrupt.STOP_UNDECIDED;
        worker = Thread.currentThread();
        if (deferred != null) {
            requestStop(deferred);
        }
    }

    /// Whether a cutover was asked for, and was not given up since.
    public synchronized boolean isCutoverRequested() {
        return cutoverRequested;
    }

    /// Why to stop; empty if nobody has asked for that.
    public synchronized Optional<Stop> stopRequested() {
        return Optional.ofNullable(stop);
    }

    /// Whether a stop has interrupted the current thread and nobody has taken notice yet: a failure now is its
    /// consequence, since a connection that is being opened ends with an interrupt.
    public synchronized boolean isStopPending() {
        return stop != null && Thread.currentThread().isInterrupted();
    }

    /// The point of no return: true if no stop was asked for before it. None is heard after it, unless the cutover is
    /// given up all the same, because the source could not be closed.
    public synchronized boolean passPointOfNoReturn() {
        if (stop != null) {
            return false;
        }
        onInterrupt = OnInterrupt.NOTHING;
        worker = null;
        return true;
    }

    /// Waits until something was asked for, at most `limit`.
    public synchronized void await(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (stop == null && !cutoverRequested && !rehearsalRequested) {
            long millis = (deadline - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                return;
            }
            wait(millis);
        }
    }
}
