package org.pgmigrator.core.stream;

import java.util.concurrent.atomic.AtomicLong;
import org.pgmigrator.decoder.Lsn;

/// The one number that flows back: up to here everything is durable on the target. It only ever grows. Thread-safe.
public final class AckPosition {

    private final AtomicLong position;

    /// @param start what is durable already
    public AckPosition(Lsn start) {
        position = new AtomicLong(start.value());
    }

    /// Called by the applier after its commit; a smaller position than before is ignored.
    public void acknowledge(Lsn durable) {
        position.accumulateAndGet(durable.value(), (a, b) -> Long.compareUnsigned(a, b) >= 0 ? a : b);
    }

    public Lsn get() {
        return new Lsn(position.get());
    }
}
