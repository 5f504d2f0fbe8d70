package org.pgmigrator.core.lag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.pgmigrator.decoder.Lsn;

class SlotGuardTest {

    private static final long MB = 1L << 20;
    private static final long GB = 1L << 30;

    /// Its reader has confirmed everything, and the WAL is kept all the same or not at all.
    private static SourceSample kept(String status, long held, OptionalLong safe, OptionalLong idleMillis) {
        Lsn flush = new Lsn(10_000 * GB);
        return new SourceSample(
                flush,
                status,
                "",
                new Lsn(flush.value() - held),
                new Lsn(flush.value() - held),
                true,
                OptionalLong.of(held),
                safe,
                "x",
                idleMillis);
    }

    private static SourceSample held(long bytes) {
        return kept("reserved", bytes, OptionalLong.empty(), OptionalLong.empty());
    }

    private static long at(long seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }

    @Test
    void theRateIsMeasuredOverTheLastTwoMinutes() {
        SlotGuard guard = new SlotGuard(OptionalLong.empty());
        guard.look(at(0), held(100 * MB));
        guard.look(at(9), held(190 * MB));
        assertThat(guard.bytesPerSecond()).as("too short a time").isEmpty();
        guard.look(at(10), held(200 * MB));
        assertThat(guard.bytesPerSecond()).hasValue(10.0 * MB);
        guard.look(at(200), held(200 * MB));
        assertThat(guard.bytesPerSecond()).as("nothing but the last").isEmpty();
        guard.look(at(220), held(100 * MB));
        assertThat(guard.bytesPerSecond().getAsDouble()).isCloseTo(-5.0 * MB, within(1.0));
    }

    @Test
    void itWarnsAtHalfOfALimitThenWheneverTheRestHasHalvedAndOnceMoreWhenItIsOver() {
        SlotGuard guard = new SlotGuard(OptionalLong.of(1024 * MB));
        List<Long> warnedAt = new ArrayList<>();
        for (long megabytes = 0; megabytes <= 1024; megabytes++) {
            // All at one moment: without a rate only the fraction counts.
            for (SlotAlarm alarm : guard.look(at(0), held(megabytes * MB))) {
                assertThat(alarm.over()).isFalse();
                assertThat(alarm.limit()).isEqualTo(SlotLimit.MAX_RETAINED);
                assertThat(alarm.leftBytes()).isEqualTo(1024 * MB - alarm.heldBytes());
                warnedAt.add(megabytes);
            }
        }
        assertThat(warnedAt).startsWith(513L, 769L, 897L, 961L).hasSizeLessThan(13);
        assertThat(guard.look(at(1), held(500 * MB)))
                .as("it may come back at once")
                .isEmpty();
        assertThat(guard.look(at(2), held(100 * MB))).singleElement().matches(SlotAlarm::over);
        assertThat(guard.look(at(3), held(100 * MB))).isEmpty();
        assertThat(guard.look(at(4), held(600 * MB))).as("again").hasSize(1);
    }

    @Test
    void itWarnsAnHourBeforeTheLimitHoweverFarThatIs() {
        SlotGuard guard = new SlotGuard(OptionalLong.of(1000 * GB));
        // 150 MB/s: from 300 GB on it takes 4,778 s to the limit, of which more than half is there for long.
        long second = 0;
        List<SlotAlarm> first = List.of();
        while (first.isEmpty()) {
            second++;
            first = guard.look(at(second), held(300 * GB + second * 150 * MB));
        }
        SlotAlarm alarm = first.getFirst();
        assertThat(alarm.left().orElseThrow()).isBetween(Duration.ofSeconds(3590), Duration.ofSeconds(3600));
        assertThat(alarm.bytesPerSecond().getAsDouble()).isCloseTo(150.0 * MB, within(1.0));
        assertThat(second).isBetween(1170L, 1185L);
        List<SlotAlarm> next = List.of();
        while (next.isEmpty()) {
            second++;
            next = guard.look(at(second), held(300 * GB + second * 150 * MB));
        }
        assertThat(next.getFirst().left().orElseThrow()).isBetween(Duration.ofSeconds(1790), Duration.ofSeconds(1800));
    }

    @Test
    void aBurstWhileNearlyAllOfTheLimitIsThereIsNoDanger() {
        SlotGuard guard = new SlotGuard(OptionalLong.of(10 * GB));
        for (long second = 0; second < 30; second++) {
            assertThat(guard.look(at(second), held(second * 50 * MB))).isEmpty();
        }
    }

    @Test
    void theSourcesOwnLimitIsWatchedByWhatMayStillBeWritten() {
        SlotGuard guard = new SlotGuard(OptionalLong.empty());
        assertThat(guard.look(at(0), kept("extended", 40 * MB, OptionalLong.of(60 * MB), OptionalLong.empty())))
                .isEmpty();
        List<SlotAlarm> near =
                guard.look(at(1), kept("extended", 60 * MB, OptionalLong.of(40 * MB), OptionalLong.empty()));
        assertThat(near).singleElement().matches(alarm -> alarm.limit() == SlotLimit.KEEP_SIZE);
        List<SlotAlarm> beyond =
                guard.look(at(2), kept("unreserved", 130 * MB, OptionalLong.of(0), OptionalLong.empty()));
        assertThat(beyond).singleElement().matches(alarm -> alarm.leftBytes() == 0 && !alarm.over());
        assertThat(guard.look(at(3), kept("unreserved", 150 * MB, OptionalLong.of(0), OptionalLong.empty())))
                .as("told")
                .isEmpty();
    }

    @Test
    void aSlotThatNobodyReadsIsToldOfBeforeTheSourceTakesIt() {
        SlotGuard guard = new SlotGuard(OptionalLong.empty());
        OptionalLong none = OptionalLong.empty();
        assertThat(guard.look(at(0), kept("reserved", MB, none, OptionalLong.of(7_200_000))))
                .isEmpty();
        assertThat(guard.look(at(1), kept("reserved", MB, none, OptionalLong.of(3_500_000))))
                .singleElement()
                .matches(alarm -> alarm.limit() == SlotLimit.IDLE_TIMEOUT);
        assertThat(guard.look(at(2), kept("reserved", MB, none, none)))
                .singleElement()
                .matches(SlotAlarm::over);
    }

    @Test
    void walThatIsKeptAlthoughItWasConfirmedIsToldOfWithoutAnyLimit() {
        SlotGuard guard = new SlotGuard(OptionalLong.empty());
        assertThat(guard.look(at(0), pinned(GB))).isEmpty();
        assertThat(guard.look(at(1), pinned(GB + MB)))
                .singleElement()
                .matches(alarm -> alarm.limit() == SlotLimit.PINNED && alarm.heldBytes() == GB + MB);
        assertThat(guard.look(at(2), pinned(2 * GB))).isEmpty();
        assertThat(guard.look(at(3), pinned(3 * GB))).hasSize(1);
        assertThat(guard.look(at(4), pinned(0))).singleElement().matches(SlotAlarm::over);
    }

    private static SourceSample pinned(long bytes) {
        Lsn flush = new Lsn(10_000 * GB);
        return new SourceSample(
                flush,
                "extended",
                "",
                new Lsn(flush.value() - bytes),
                flush,
                true,
                OptionalLong.of(bytes),
                OptionalLong.empty(),
                "-1",
                OptionalLong.empty());
    }

    @Test
    void theOperatorsLimitIsReachedWithItsLastByte() {
        SlotGuard guard = new SlotGuard(OptionalLong.of(100 * MB));
        assertThat(guard.isTooMuch(held(100 * MB - 1))).isFalse();
        assertThat(guard.isTooMuch(held(100 * MB))).isTrue();
        assertThat(new SlotGuard(OptionalLong.empty()).isTooMuch(held(1000 * GB)))
                .isFalse();
    }
}
