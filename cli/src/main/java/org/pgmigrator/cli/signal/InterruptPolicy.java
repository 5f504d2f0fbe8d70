package org.pgmigrator.cli.signal;

import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;

/// Hands Ctrl+C (INT), TERM and HUP to the migration, and says after each what it set in motion and what comes next.
///
/// Signal handlers and not a shutdown hook: a hook fixes the exit code and can't be called off, and a cutover takes
/// longer than a hook should. While a stop is under way further presses say what is waited for; the fifth ends the
/// process.
/// Closing it gives the signals back. Thread-safe.
public final class InterruptPolicy implements AutoCloseable {

    /// Enough that nobody gets there by impatience alone, few enough to be found by somebody who means it.
    static final int PRESSES_TO_HALT = 5;

    private static final String DEMO_ENDS = "both servers to be removed";

    private final SignalTarget target;
    private final ProgressListener screen;
    private final List<String> leftBehind;
    private final Runnable halt;
    private final List<HandledSignal> taken = new ArrayList<>();

    private int pressesToStop;
    private String waitingFor = "";

    InterruptPolicy(SignalTarget target, ProgressListener screen, List<String> leftBehind, Runnable halt) {
        this.target = target;
        this.screen = screen;
        this.leftBehind = List.copyOf(leftBehind);
        this.halt = halt;
    }

    /// Takes the three signals over.
    ///
    /// @param leftBehind what may be left on both sides if the process is ended at once, and how to remove it
    public static InterruptPolicy install(SignalTarget target, ProgressListener screen, List<String> leftBehind) {
        InterruptPolicy policy = new InterruptPolicy(target, screen, leftBehind, InterruptPolicy::haltProcess);
        boolean heard = policy.take("INT", policy::interrupted);
        policy.take("TERM", () -> policy.terminated("TERM"));
        policy.take("HUP", () -> policy.terminated("HUP"));
        if (!heard) {
            screen.on(
                    new ProgressEvent.Notice("Ctrl+C (INT) is ignored in this process, because a script started it in "
                            + "the background: --cutover-when caught-up cuts over without it, and TERM stops."));
        }
        return policy;
    }

    /// @return false if the signal is ignored in this process, which the virtual machine does not change
    private boolean take(String name, Runnable action) {
        HandledSignal signal = HandledSignal.take(name, action);
        taken.add(signal);
        return !signal.isIgnored();
    }

    /// Ctrl+C was pressed.
    synchronized void interrupted() {
        OnInterrupt meaning = target.interrupt();
        if (pressesToStop > 0) {
            pressedAgain();
            return;
        }
        switch (meaning) {
            case END -> {
                stopping(DEMO_ENDS);
                say("Ctrl+C: ending the demo, and removing both servers and all its files.");
            }
            case STOP_AND_REMOVE -> {
                stopping("child processes to end and what was created on both sides to be removed");
                say("Ctrl+C: stopping, and removing what was created on both sides. The source goes on serving.");
            }
            case CUT_OVER -> say("Ctrl+C: cutting over. The next one gives the cutover up.");
            case STOP_NOW -> {
                stopping("the target's transaction to end and the sessions to be closed");
                say("Ctrl+C: giving up the cutover and stopping now. The source goes on serving, slot and progress are "
                        + "kept.");
            }
            case STOP_UNDECIDED -> {
                stopping("the sessions to be closed");
                say(
                        "Ctrl+C: stopping now. Whether the source is closed by the cutover is not known: --resume finds out.");
            }
            case NOTHING -> {
                stopping("the cleaning up; the target is open already");
                say("Ctrl+C: changes nothing any more. The target is open, only the cleaning up is left.");
            }
        }
    }

    /// TERM or HUP arrived.
    synchronized void terminated(String signal) {
        OnInterrupt meaning = target.onInterrupt();
        target.terminate();
        switch (meaning) {
            case NOTHING -> say(signal + ": the target is open already, only the cleaning up is left.");
            case END -> {
                stopping(DEMO_ENDS);
                say(signal + ": ending the demo in order.");
            }
            case STOP_AND_REMOVE -> {
                stopping("child processes and sessions to end in order");
                say(signal + ": stopping in order. The source goes on serving.");
            }
            case STOP_UNDECIDED -> {
                stopping("the sessions to be closed");
                say(signal
                        + ": stopping in order. Whether the source is closed by the cutover is not known: --resume finds"
                        + " out.");
            }
            case CUT_OVER, STOP_NOW -> {
                stopping("the target's transaction to end and the sessions to be closed");
                say(signal
                        + ": stopping in order, without a cutover. The source goes on serving; slot and progress are "
                        + "kept for --resume.");
            }
        }
    }

    private void stopping(String reason) {
        pressesToStop = 1;
        waitingFor = reason;
    }

    private void pressedAgain() {
        pressesToStop++;
        int left = PRESSES_TO_HALT - pressesToStop;
        if (left > 0) {
            say("Ctrl+C: already stopping; waiting for " + waitingFor + ". Pressed " + left
                    + (left == 1 ? " more time" : " more times")
                    + ", it ends the process at once and may leave things behind.");
            return;
        }
        List<String> text = new ArrayList<>();
        text.add("Ctrl+C: ended at once, without waiting for " + waitingFor + ". Look for what may be left behind:");
        text.addAll(leftBehind);
        say(String.join("\n", text));
        halt.run();
    }

    private void say(String text) {
        screen.on(new ProgressEvent.Notice(text));
    }

    private static void haltProcess() {
        // The children are in process groups of their own and would go on without us.
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
        Runtime.getRuntime().halt(ExitCode.STOPPED_BY_INTERRUPT.number());
    }

    @Override
    public void close() {
        taken.forEach(HandledSignal::close);
        taken.clear();
    }
}
