package org.pgmigrator.core.cutover;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.cutover.Sequences.SequenceState;

class SequenceStateTest {

    private static final QualifiedName NAME = new QualifiedName("public", "s");

    private static SequenceState state(long increment, long min, long max, long last, boolean called) {
        return new SequenceState(NAME, increment, min, max, false, last, called);
    }

    @Test
    void theBufferGoesInTheDirectionOfTheIncrement() {
        assertThat(state(1, 1, Long.MAX_VALUE, 10, true).advanced(100).lastValue())
                .isEqualTo(110);
        assertThat(state(5, 1, Long.MAX_VALUE, 10, true).advanced(100).lastValue())
                .isEqualTo(510);
        assertThat(state(-2, Long.MIN_VALUE, -1, -10, true).advanced(100).lastValue())
                .isEqualTo(-210);
    }

    @Test
    void aSequenceThatWasNeverCalledStaysSo() {
        SequenceState never = state(1, 1, Long.MAX_VALUE, 1, false);
        assertThat(never.advanced(1_000)).isEqualTo(never);
    }

    @Test
    void aSequenceThatCyclesStaysWhereItIs() {
        SequenceState cycling = new SequenceState(NAME, 1, 1, 9, true, 7, true);
        assertThat(cycling.advanced(100)).isEqualTo(cycling);
    }

    @Test
    void theLimitsHold() {
        assertThat(state(1, 1, 50, 10, true).advanced(100).lastValue()).isEqualTo(50);
        assertThat(state(-1, -50, -1, -10, true).advanced(100).lastValue()).isEqualTo(-50);
        assertThat(state(1, 1, Long.MAX_VALUE, Long.MAX_VALUE - 3, true)
                        .advanced(100)
                        .lastValue())
                .isEqualTo(Long.MAX_VALUE);
        assertThat(state(Long.MAX_VALUE, 1, Long.MAX_VALUE, 1, true).advanced(3).lastValue())
                .isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void limitsAtBothEndsOfBigintDoNotOverflow() {
        assertThat(state(1, Long.MIN_VALUE, Long.MAX_VALUE, -5, true)
                        .advanced(10)
                        .lastValue())
                .isEqualTo(5);
        assertThat(state(-1, Long.MIN_VALUE, Long.MAX_VALUE, 5, true)
                        .advanced(10)
                        .lastValue())
                .isEqualTo(-5);
        assertThat(state(1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, true)
                        .advanced(10)
                        .lastValue())
                .isEqualTo(Long.MAX_VALUE);
        assertThat(state(Long.MAX_VALUE, Long.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE + 1, true)
                        .advanced(9)
                        .lastValue())
                .isEqualTo(Long.MAX_VALUE);
    }
}
