package org.pgmigrator.core.phase.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;

class OutageTest {

    private static final Duration FIRST = Duration.ofSeconds(1);

    private final Outage outage = new Outage(Duration.ofMinutes(1));

    private static MigrationException failure(FailureKind kind) {
        return new MigrationException(Failure.of(kind, "It failed.", ""));
    }

    private Duration pause() {
        return outage.pauseAfter(failure(FailureKind.SOURCE_UNREACHABLE)).orElseThrow();
    }

    @Test
    void pausesBecomeLongerWhileNothingIsApplied() {
        assertThat(pause()).isLessThanOrEqualTo(FIRST);
        assertThat(outage.streaming(false)).isPresent();
        assertThat(outage.streaming(false)).isEmpty();
        assertThat(outage.isOn()).isTrue();
        assertThat(pause()).isGreaterThan(FIRST);
    }

    @Test
    void aLinkThatFlapsWhileTheTargetComesFurtherIsANewOutageEachTime() {
        for (int round = 0; round < 20; round++) {
            assertThat(pause()).as("round " + round).isLessThanOrEqualTo(FIRST);
            assertThat(outage.streaming(true)).isPresent();
            assertThat(outage.isOn()).isFalse();
        }
    }

    @Test
    void whatOurLostSessionsMayHoldIsSurvivedOnlyInAnOutage() {
        assertThat(outage.pauseAfter(failure(FailureKind.SLOT_IN_USE))).isEmpty();
        assertThat(outage.pauseAfter(failure(FailureKind.TARGET_IN_USE))).isEmpty();
        pause();
        assertThat(outage.pauseAfter(failure(FailureKind.SLOT_IN_USE))).isPresent();
        assertThat(outage.pauseAfter(failure(FailureKind.TARGET_IN_USE))).isPresent();
    }

    @Test
    void aFullDiskOfTheSpoolIsWaitedForAndNotCalledALostConnection() throws Exception {
        MigrationException full = failure(FailureKind.SPOOL_FULL);
        assertThat(outage.pauseAfter(full)).isPresent();
        assertThat(outage.describe(full, FIRST, "Meanwhile."))
                .doesNotContain("connection lost")
                .contains("Attempt 1", "--max-outage");
        assertThat(outage.last(full).failure().remedy()).containsExactly(FailureKind.SPOOL_FULL.remedy());
        assertThat(outage.last(full).failure().why()).contains("with 1 attempts");
        assertThat(new Outage(Duration.ofMinutes(1)).pauseAfter(failure(FailureKind.SPOOL_FAILED)))
                .isEmpty();
    }

    @Test
    void aFullDiskOfTheTargetIsOverOnlyWhenTheTargetComesFurther() {
        MigrationException full = failure(FailureKind.TARGET_DISK_FULL);
        Duration pause = outage.pauseAfter(full).orElseThrow();
        assertThat(outage.describe(full, pause, "Meanwhile."))
                .startsWith("the target's disk is full, make room there: It failed. Attempt 1 ");
        // It takes the connection, and has no room all the same.
        assertThat(outage.streaming(false)).isEmpty();
        assertThat(outage.pauseAfter(full)).isPresent();
        assertThat(outage.streaming(true))
                .hasValueSatisfying(news -> assertThat(news).startsWith("there is room again"));
        assertThat(outage.isOn()).isFalse();
    }

    @Test
    void aFullDiskIsNotOverBecauseAnAttemptWasLong() {
        MigrationException full = failure(FailureKind.TARGET_DISK_FULL);
        assertThat(outage.pauseAfter(full)).isPresent();
        outage.isQuiet();
        assertThat(outage.isOn()).isTrue();
        outage.isOver();
        assertThat(outage.isOn()).isFalse();
    }

    @Test
    void aFullDiskThatLastsForLongerThanAllowedEndsTheStreamWithWhatToDo() throws InterruptedException {
        Outage brief = new Outage(Duration.ofNanos(1));
        MigrationException full = failure(FailureKind.TARGET_DISK_FULL);
        assertThat(brief.pauseAfter(full)).isPresent();
        Thread.sleep(1);
        assertThat(brief.pauseAfter(full)).isEmpty();
        Failure last = brief.last(full).failure();
        assertThat(last.kind()).isEqualTo(FailureKind.TARGET_DISK_FULL);
        assertThat(last.why()).contains("--max-outage");
        assertThat(last.remedy().getFirst())
                .startsWith("Make room on the target's disk")
                .contains("--resume");
    }

    @Test
    void aStreamThatBrokeOffIsSurvivedOnlyIfTheConnectionWasLost() {
        assertThat(outage.pauseAfter(new MigrationException(
                        Failure.of(FailureKind.STREAM_BROKEN, "It broke off.", ""), new SQLException("gone", "08006"))))
                .isPresent();
        assertThat(outage.pauseAfter(new MigrationException(
                        Failure.of(FailureKind.STREAM_BROKEN, "It broke off.", ""),
                        new SQLException("invalid", "55000"))))
                .isEmpty();
    }
}
