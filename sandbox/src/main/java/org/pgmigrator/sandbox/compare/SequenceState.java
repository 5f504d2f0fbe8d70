package org.pgmigrator.sandbox.compare;

import java.math.BigInteger;

/// A sequence as stored. See https://www.postgresql.org/docs/current/sql-createsequence.html
record SequenceState(String name, long lastValue, boolean called, long increment, boolean cycles) {

    boolean satisfies(SequenceRule rule, SequenceState left) {
        return switch (rule) {
            case IGNORED -> true;
            case EQUAL -> lastValue == left.lastValue && called == left.called;
            case NOT_BEHIND -> cycles || next().subtract(left.next()).signum() * Long.signum(increment) >= 0;
        };
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
