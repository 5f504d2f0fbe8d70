package org.pgmigrator.core.phase.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.pgmigrator.decoder.Lsn;

class StandstillTest {

    private static final Lsn HERE = Lsn.parse("0/10");
    private static final Lsn THERE = Lsn.parse("0/20");

    private long now = -7;

    private final Standstill standstill = new Standstill(() -> now);

    private void pass(int minutes) {
        now += Duration.ofMinutes(minutes).toNanos();
    }

    @Test
    void aTransactionThatIsBeingWrittenForHoursIsNone() {
        for (long changes = 1; changes < 20; changes++) {
            assertThat(standstill.isReached(HERE, changes * 100_000)).isFalse();
            pass(29);
        }
    }

    @Test
    void whereNothingIsTakenAndNothingCommittedItIsReached() {
        standstill.look(HERE, 5);
        pass(29);
        standstill.look(HERE, 5);
        assertThat(standstill.isReached(HERE, 5)).isFalse();
        pass(1);
        assertThat(standstill.isReached(HERE, 5)).isTrue();
    }

    @Test
    void commitsEndItToo() {
        standstill.look(HERE, 5);
        pass(31);
        assertThat(standstill.isReached(THERE, 5)).isFalse();
    }

    @Test
    void anotherApplierCountsAnew() {
        standstill.look(HERE, 1_000_000);
        pass(31);
        assertThat(standstill.isReached(HERE, 0)).isFalse();
    }

    @Test
    void theTimeOfTheCopyDoesNotCount() {
        standstill.look(HERE, 0);
        pass(600);
        standstill.begins();
        assertThat(standstill.isReached(HERE, 0)).isFalse();
    }
}
