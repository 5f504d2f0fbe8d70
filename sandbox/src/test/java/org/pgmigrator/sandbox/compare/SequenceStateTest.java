package org.pgmigrator.sandbox.compare;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SequenceStateTest {

    @Test
    void aheadOfTheLeftOneIsNotBehind() {
        SequenceState left = new SequenceState("s", 10, true, 1, false);
        assertThat(new SequenceState("s", 10, true, 1, false).satisfies(SequenceRule.NOT_BEHIND, left))
                .isTrue();
        assertThat(new SequenceState("s", 11, false, 1, false).satisfies(SequenceRule.NOT_BEHIND, left))
                .isTrue();
        assertThat(new SequenceState("s", 10, false, 1, false).satisfies(SequenceRule.NOT_BEHIND, left))
                .isFalse();
        assertThat(new SequenceState("s", 1010, true, 1, false).satisfies(SequenceRule.NOT_BEHIND, left))
                .isTrue();
        assertThat(new SequenceState("s", 1010, true, 1, false).satisfies(SequenceRule.EQUAL, left))
                .isFalse();
    }

    @Test
    void descendingSequencesAreAheadBelow() {
        SequenceState left = new SequenceState("s", -10, true, -5, false);
        assertThat(new SequenceState("s", -15, true, -5, false).satisfies(SequenceRule.NOT_BEHIND, left))
                .isTrue();
        assertThat(new SequenceState("s", -5, true, -5, false).satisfies(SequenceRule.NOT_BEHIND, left))
                .isFalse();
    }

    @Test
    void theEndOfTheRangeDoesNotOverflow() {
        SequenceState left = new SequenceState("s", Long.MAX_VALUE - 1, true, 1, false);
        SequenceState right = new SequenceState("s", Long.MAX_VALUE, true, 1, false);
        assertThat(right.satisfies(SequenceRule.NOT_BEHIND, left)).isTrue();
        assertThat(left.satisfies(SequenceRule.NOT_BEHIND, right)).isFalse();
    }
}
