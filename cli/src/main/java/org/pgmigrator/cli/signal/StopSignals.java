package org.pgmigrator.cli.signal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.FailureKind;

/// For commands that only wait for something: INT, TERM and HUP interrupt the thread that waits.
///
/// Closing it gives the signals back. Thread-safe.
public final class StopSignals implements AutoCloseable {

    private final List<HandledSignal> taken = new ArrayList<>();
    private final AtomicReference<@Nullable FailureKind> arrived = new AtomicReference<>();

    private StopSignals() {}

    /// Takes the three signals over.
    ///
    /// @param worker who is interrupted; it has to end in order then
    public static StopSignals interrupting(Thread worker) {
        StopSignals signals = new StopSignals();
        signals.take("INT", FailureKind.STOPPED_BY_INTERRUPT, worker);
        signals.take("TERM", FailureKind.STOPPED_BY_TERMINATE, worker);
        signals.take("HUP", FailureKind.STOPPED_BY_TERMINATE, worker);
        return signals;
    }

    private void take(String name, FailureKind kind, Thread worker) {
        taken.add(HandledSignal.take(name, () -> {
            arrived.compareAndSet(null, kind);
            worker.interrupt();
        }));
    }

    /// Whether one has arrived: whatever the thread met since may be its consequence.
    public boolean haveArrived() {
        return arrived.get() != null;
    }

    /// What the first signal means for the exit code.
    public FailureKind kind() {
        FailureKind kind = arrived.get();
        return kind == null ? FailureKind.STOPPED_BY_INTERRUPT : kind;
    }

    @Override
    public void close() {
        taken.forEach(HandledSignal::close);
        taken.clear();
    }
}
