package org.pgmigrator.core.lag;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/// Says how near a slot is to each of its limits: when it comes near one, each time the rest has halved, and when the
/// danger has passed. In between it is silent, however often it is asked.
///
/// Near is: half of the limit is used, or at the present rate less than an hour is left. Confined to one thread at a
/// time.
public final class SlotGuard {

    /// A slot advances in steps, about each 15 s when all is well: the rate must look over several of them.
    private static final Duration RATE_WINDOW = Duration.ofMinutes(2);

    /// What was seen for a shorter time is no rate.
    private static final Duration SHORTEST_WINDOW = Duration.ofSeconds(10);

    /// Time to read the warning, and to do something.
    private static final Duration NEAR = Duration.ofHours(1);

    private static final double NEAR_FRACTION = 0.5;

    /// Of a limit that is nearly all there, no rate says anything: it may be a single burst.
    private static final double USED_FRACTION = 0.2;

    /// Passed is only what will not come back with the next step.
    private static final double PASSED = 1.5;

    /// So much confirmed WAL is not kept by the application's usual transactions.
    private static final long MUCH_PINNED = 1L << 30;

    /// Below that there is nothing left to halve.
    private static final double NOTHING = 1.0 / 1024;

    private record Held(long nanos, long bytes) {}

    private final OptionalLong maxRetained;
    private final Deque<Held> held = new ArrayDeque<>();

    /// How near each limit was when it was last told of: 1 is where it begins to be near, 0 is the limit.
    private final Map<SlotLimit, Double> told = new EnumMap<>(SlotLimit.class);

    /// @param maxRetained the operator's limit in bytes; empty without one
    public SlotGuard(OptionalLong maxRetained) {
        this.maxRetained = maxRetained;
    }

    /// What is to be told at this moment of `System.nanoTime()`.
    public List<SlotAlarm> look(long nanos, SourceSample sample) {
        List<SlotAlarm> news = new ArrayList<>();
        if (sample.retainedBytes().isPresent()) {
            long bytes = sample.retainedBytes().getAsLong();
            remember(nanos, bytes);
            if (sample.safeWalBytes().isPresent()) {
                boolean gone = sample.walStatus().equals("unreserved");
                long left = gone ? 0 : sample.safeWalBytes().getAsLong();
                bytes(SlotLimit.KEEP_SIZE, bytes, left).ifPresent(news::add);
            }
            if (maxRetained.isPresent()) {
                bytes(SlotLimit.MAX_RETAINED, bytes, Math.max(0, maxRetained.getAsLong() - bytes))
                        .ifPresent(news::add);
            }
            pinned(sample.pinnedBytes()).ifPresent(news::add);
        }
        idle(sample.idleMillisLeft()).ifPresent(news::add);
        return news;
    }

    /// Whether the operator's limit is reached.
    public boolean isTooMuch(SourceSample sample) {
        return maxRetained.isPresent()
                && sample.retainedBytes().isPresent()
                && sample.retainedBytes().getAsLong() >= maxRetained.getAsLong();
    }

    /// By how many bytes the slot keeps more each second, less than zero if it keeps less; empty while not known.
    public OptionalDouble bytesPerSecond() {
        if (held.isEmpty()) {
            return OptionalDouble.empty();
        }
        Held first = held.getFirst();
        Held last = held.getLast();
        long nanos = last.nanos() - first.nanos();
        return nanos < SHORTEST_WINDOW.toNanos()
                ? OptionalDouble.empty()
                : OptionalDouble.of((last.bytes() - first.bytes()) / (nanos / 1e9));
    }

    private void remember(long nanos, long bytes) {
        held.addLast(new Held(nanos, bytes));
        while (nanos - held.getFirst().nanos() > RATE_WINDOW.toNanos()) {
            held.removeFirst();
        }
    }

    private Optional<SlotAlarm> bytes(SlotLimit limit, long bytes, long left) {
        OptionalDouble rate = bytesPerSecond();
        Optional<Duration> time = rate.isPresent() && rate.getAsDouble() > 0
                ? Optional.of(Duration.ofSeconds((long) Math.min(left / rate.getAsDouble(), Integer.MAX_VALUE)))
                : Optional.empty();
        double fraction = (double) left / Math.max(1, bytes + left);
        double danger = fraction / NEAR_FRACTION;
        if (time.isPresent() && 1 - fraction >= USED_FRACTION) {
            danger = Math.min(danger, (double) time.get().toSeconds() / NEAR.toSeconds());
        }
        return news(limit, danger).map(over -> new SlotAlarm(limit, over, bytes, left, rate, time));
    }

    private Optional<SlotAlarm> pinned(long bytes) {
        double danger = bytes == 0 ? Double.MAX_VALUE : (double) MUCH_PINNED / bytes;
        return news(SlotLimit.PINNED, danger)
                .map(over -> new SlotAlarm(
                        SlotLimit.PINNED, over, bytes, Long.MAX_VALUE, bytesPerSecond(), Optional.empty()));
    }

    private Optional<SlotAlarm> idle(OptionalLong millisLeft) {
        double danger = millisLeft.isEmpty() ? Double.MAX_VALUE : (double) millisLeft.getAsLong() / NEAR.toMillis();
        return news(SlotLimit.IDLE_TIMEOUT, danger)
                .map(over -> new SlotAlarm(
                        SlotLimit.IDLE_TIMEOUT,
                        over,
                        0,
                        Long.MAX_VALUE,
                        OptionalDouble.empty(),
                        millisLeft.isEmpty()
                                ? Optional.empty()
                                : Optional.of(Duration.ofMillis(millisLeft.getAsLong()))));
    }

    /// @return whether the danger has passed, if there is anything to be told
    private Optional<Boolean> news(SlotLimit limit, double danger) {
        Double before = told.get(limit);
        if (before == null) {
            if (danger >= 1) {
                return Optional.empty();
            }
            told.put(limit, danger);
            return Optional.of(false);
        }
        if (danger >= PASSED) {
            told.remove(limit);
            return Optional.of(true);
        }
        if (danger > before / 2 || before <= NOTHING) {
            return Optional.empty();
        }
        told.put(limit, danger);
        return Optional.of(false);
    }
}
