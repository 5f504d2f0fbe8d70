package org.pgmigrator.core.phase.stream;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.pgmigrator.decoder.Lsn;

/// Whether the applier is at work. One transaction may take hours until its commit, and then the position does not
/// move,
/// but what the applier takes does; where neither does for long, something holds it up that may never end.
///
/// Thread-safe.
final class Standstill {

    /// What was taken is written in portions: each may take so long on the target.
    private static final Duration LIMIT = Duration.ofMinutes(30);

    private final LongSupplier nanoTime;

    // Guarded by this.
    private long movedAt;
    private Lsn applied = Lsn.INVALID;
    private long taken;

    Standstill() {
        this(System::nanoTime);
    }

    Standstill(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.movedAt = nanoTime.getAsLong();
    }

    /// Before now there was nobody at work.
    synchronized void begins() {
        movedAt = nanoTime.getAsLong();
    }

    /// @param lsn     what the target has
    /// @param changes how many changes were taken; begins anew with another applier
    synchronized void look(Lsn lsn, long changes) {
        if (lsn.isAfter(applied) || changes != taken) {
            applied = lsn;
            taken = changes;
            movedAt = nanoTime.getAsLong();
        }
    }

    /// Looks, and says whether it has stood still for too long.
    synchronized boolean isReached(Lsn lsn, long changes) {
        look(lsn, changes);
        return nanoTime.getAsLong() - movedAt >= LIMIT.toNanos();
    }
}
