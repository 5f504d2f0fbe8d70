package org.pgmigrator.core.lag;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.OptionalDouble;
import org.pgmigrator.decoder.Lsn;

/// The lag in seconds, measured with our own clock alone: how long ago was the source where the target is now?
///
/// It remembers where the source was at each sample. The answer is as fine as the samples are, and never too small by
/// more than one interval. Not thread-safe.
public final class LagClock {

    /// Over an hour at one sample a second. Beyond that every second sample is dropped, never the oldest.
    private static final int MAX_SAMPLES = 5_000;

    private record Sample(long nanos, Lsn source) {}

    private final Deque<Sample> samples = new ArrayDeque<>();

    /// Whether the target has been at or past any sample: before that nothing is known about the age.
    private boolean anyCovered;

    /// The source was at `source` at this moment of `System.nanoTime()`.
    public void sample(long nanos, Lsn source) {
        if (samples.size() == MAX_SAMPLES) {
            thinOut();
        }
        samples.addLast(new Sample(nanos, source));
    }

    private void thinOut() {
        boolean keep = false;
        for (Iterator<Sample> each = samples.iterator(); each.hasNext(); ) {
            each.next();
            keep = !keep;
            if (!keep) {
                each.remove();
            }
        }
    }

    /// The age of the oldest WAL that `reached` does not cover, in seconds; empty if it is older than all samples.
    public OptionalDouble secondsBehind(long nanos, Lsn reached) {
        while (!samples.isEmpty() && reached.isAtLeast(samples.getFirst().source())) {
            samples.removeFirst();
            anyCovered = true;
        }
        if (!anyCovered) {
            return OptionalDouble.empty();
        }
        long behind = samples.isEmpty() ? 0 : nanos - samples.getFirst().nanos();
        return OptionalDouble.of(Duration.ofNanos(behind).toMillis() / 1000.0);
    }
}
