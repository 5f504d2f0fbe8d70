package org.pgmigrator.core.apply.differential;

import java.util.random.RandomGenerator;

/// The rows that one session may write: those whose index leaves its number as remainder. Sessions of one thread must
/// never wait for each other.
///
/// @param number 0 to [#COUNT] - 1
record Slice(RandomGenerator random, int number) {

    static final int COUNT = 3;

    /// Few rows, so that changes meet the same ones again.
    static final int ROWS = 7;

    /// A row that may exist.
    int index() {
        return (1 + random.nextInt(ROWS)) * COUNT + number;
    }

    /// Another one.
    int indexBeside(int index) {
        int other = index();
        while (other == index) {
            other = index();
        }
        return other;
    }

    /// A row that is used as a third place, and rarely stays.
    int spare() {
        return 900 + number;
    }

    boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }
}
