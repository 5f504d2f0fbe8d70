package org.pgmigrator.bench.faults;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// What is still to be broken: the counts that were asked for, in an order that the seed decides. Confined to one
/// thread.
///
/// The same seed plans the same strikes. What they hit depends on the machine's speed too.
final class Plan {

    /// A cutover that is struck behind its point of no return ends its migration, so most strikes come before.
    private static final int PERCENT_IN_COPY = 60;

    private static final int PERCENT_IN_CUTOVER = 17;

    private final Random random;
    private final List<Fault> faults;
    private int done;

    Plan(long seed, Map<Fault, Integer> counts) {
        this.random = new Random(seed);
        this.faults = new ArrayList<>();
        new EnumMap<>(counts).forEach((fault, count) -> faults.addAll(Collections.nCopies(count, fault)));
        Collections.shuffle(faults, random);
    }

    boolean isDone() {
        return done == faults.size();
    }

    int done() {
        return done;
    }

    int size() {
        return faults.size();
    }

    /// @param copying whether the copy of the present migration is still to be done
    Strike next(boolean copying) {
        Fault fault = faults.get(done++);
        int percent = random.nextInt(100);
        // Always drawn, so that the rest of the plan does not depend on it.
        int inCopy = random.nextInt(1_200);
        int inStream = random.nextInt(2_000);
        int inCutover = random.nextInt(700);
        if (copying && percent < PERCENT_IN_COPY) {
            return new Strike(fault, When.COPY, Duration.ofMillis(inCopy));
        }
        return percent >= 100 - PERCENT_IN_CUTOVER
                ? new Strike(fault, When.CUTOVER, Duration.ofMillis(inCutover))
                : new Strike(fault, When.STREAM, Duration.ofMillis(inStream));
    }

    /// For what a strike is aimed at.
    Random random() {
        return random;
    }
}
