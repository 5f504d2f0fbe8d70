package org.pgmigrator.core.lag;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.pgmigrator.decoder.Lsn;

class LagClockTest {

    private final LagClock clock = new LagClock();

    private static long at(long seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }

    @Test
    void theLagIsUnknownUntilTheTargetHasReachedAnySample() {
        clock.sample(at(1), new Lsn(100));
        clock.sample(at(2), new Lsn(200));
        assertThat(clock.secondsBehind(at(3), new Lsn(50))).isEmpty();
        assertThat(clock.secondsBehind(at(3), new Lsn(100))).hasValue(1.0);
    }

    @Test
    void theLagIsZeroWhereTheSourceWasLastSeen() {
        clock.sample(at(1), new Lsn(100));
        assertThat(clock.secondsBehind(at(9), new Lsn(100))).hasValue(0.0);
    }

    @Test
    void theLagGrowsWhileTheTargetStandsStill() {
        clock.sample(at(1), new Lsn(100));
        clock.sample(at(2), new Lsn(200));
        assertThat(clock.secondsBehind(at(3), new Lsn(150))).hasValue(1.0);
        assertThat(clock.secondsBehind(at(10), new Lsn(150))).hasValue(8.0);
        clock.sample(at(11), new Lsn(900));
        assertThat(clock.secondsBehind(at(12), new Lsn(250))).hasValue(1.0);
    }

    @Test
    void theOldestSampleSurvivesHoursWithoutProgress() {
        clock.sample(at(1), new Lsn(100));
        assertThat(clock.secondsBehind(at(1), new Lsn(100))).hasValue(0.0);
        for (int second = 2; second < 20_000; second++) {
            clock.sample(at(second), new Lsn(100L + second));
        }
        assertThat(clock.secondsBehind(at(20_000), new Lsn(101))).hasValue(19_998.0);
    }
}
