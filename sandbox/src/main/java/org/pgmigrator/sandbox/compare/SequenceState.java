package org.pgmigrator.sandbox.compare;

import java.math.BigInteger;

/// A sequence as stored. `sequence.c` logs it 32 values ahead. See
/// https://www.postgresql.org/docs/current/sql-createsequence.html
record SequenceState(String name, long lastValue, boolean called, long increment, boolean cycles) {

    /// And the value that was asked for.
    private static final BigInteger LOGGED_AHEAD = BigInteger.valueOf(33);

    boolean satisfies(SequenceRule rule, SequenceState left) {
        return switch (rule) {
            case IGNORED -> true;
            case EQUAL -> lastValue == left.lastValue && called == left.called;
            case NOT_BEHIND -> cycles || isBeyond(left.next());
            case NOT_BEHIND_BEFORE_A_CRASH ->
                cycles || isBeyond(left.next().subtract(LOGGED_AHEAD.multiply(BigInteger.valueOf(increment))));
        };
    }

    private boolean isBeyond(BigInteger value) {
        return next().subtract(value).signum() * Long.signum(increment) >= 0;
    }

    /// Beyond the range of `long` at a sequence's end.
    private BigInteger next() {
        BigInteger value = BigInteger.valueOf(lastValue);
        return called ? value.add(BigInteger.valueOf(increment)) : value;
    }

    String describe() {
        return "last_value " + lastValue + (called ? ", called" : ", not called");
    }
}
