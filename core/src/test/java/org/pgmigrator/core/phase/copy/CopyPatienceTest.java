package org.pgmigrator.core.phase.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.RowCopy;
import org.pgmigrator.core.copy.RowUnit;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.stream.Outage;
import org.pgmigrator.core.progress.ProgressEvent;

/// How long a copy is patient, in minutes that do not pass.
class CopyPatienceTest {

    private static final Duration LIMIT = Duration.ofMinutes(30);

    private final List<String> told = new ArrayList<>();

    private long now = -1_000_000_000_000L;

    private final CopyPatience patience = new CopyPatience(
            new Outage(LIMIT, () -> now),
            event -> told.add(((ProgressEvent.Warning) event).text()),
            pause -> now += pause.toNanos());

    private final RowCopy.Patience rows = patience.ofRows(() -> {});

    private static MigrationException full() {
        return new MigrationException(Failure.of(FailureKind.TARGET_DISK_FULL, "It is full.", "no space"));
    }

    private static RowUnit part(int number) {
        return new RowUnit(number, new QualifiedName("public", "t" + number), 0, OptionalLong.empty(), 1);
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    /// Tries at once after each pause.
    private void failsFor(Duration time, RowUnit part) throws InterruptedException {
        long until = now + time.toNanos();
        while (now < until) {
            rows.afterLoss(part, full());
        }
    }

    @Test
    void aDiskThatWasMendedMayBeFullOnceMoreHoursLater() throws Exception {
        failsFor(Duration.ofMinutes(5), part(1));
        rows.isMadeGood(part(1));
        pass(Duration.ofHours(3));
        told.clear();
        rows.afterLoss(part(2), full());
        assertThat(told).singleElement().asString().contains("Attempt 1 to go on");
        failsFor(Duration.ofMinutes(29), part(2));
    }

    @Test
    void aDiskThatStaysFullEndsTheCopyAtTheLimit() {
        long began = now;
        assertThatThrownBy(() -> failsFor(Duration.ofDays(1), part(1)))
                .isInstanceOfSatisfying(
                        MigrationException.class,
                        ended -> assertThat(ended.failure().why())
                                .containsPattern("the outage has lasted for 18\\d\\d s"));
        assertThat(Duration.ofNanos(now - began)).isBetween(LIMIT, LIMIT.plusMinutes(1));
    }

    @Test
    void aPartThatNeverFitsEndsTheCopyAtTheLimitHoweverManyOthersDo() {
        long began = now;
        assertThatThrownBy(() -> {
                    for (int small = 2; small < 10_000; small++) {
                        rows.afterLoss(part(1), full());
                        rows.afterLoss(part(small), full());
                        rows.isMadeGood(part(small));
                    }
                })
                .hasMessageContaining("It is full");
        assertThat(Duration.ofNanos(now - began)).isBetween(LIMIT, LIMIT.plusMinutes(1));
    }

    @Test
    void aPartHasTheWholeLimitThoughAnotherIsTriedAgainForHours() throws Exception {
        failsFor(Duration.ofMinutes(5), part(1));
        pass(Duration.ofHours(3));
        failsFor(Duration.ofMinutes(29), part(2));
        rows.isMadeGood(part(2));
        rows.isMadeGood(part(1));
        failsFor(Duration.ofMinutes(29), part(3));
    }

    @Test
    void whatIsNoPartOfTheRowsHasTheLimitFromItsOwnFailureAfterThem() throws Exception {
        failsFor(Duration.ofMinutes(29), part(1));
        rows.isMadeGood(part(1));
        pass(Duration.ofMinutes(2));
        patience.await(() -> {}, full());
        pass(LIMIT);
        assertThatThrownBy(() -> patience.await(() -> {}, full())).hasMessageContaining("It is full");
    }

    @Test
    void withoutTheSnapshotNothingIsWaitedFor() {
        MigrationException gone =
                new MigrationException(Failure.of(FailureKind.SNAPSHOT_GONE, "The snapshot is gone.", ""));
        RowCopy.Patience dead = patience.ofRows(() -> {
            throw gone;
        });
        assertThatThrownBy(() -> dead.afterLoss(part(1), full())).isSameAs(gone);
        assertThat(told).isEmpty();
    }

    @Test
    void whoHasCompletedAPartDoesNotWaitForOneThatWaits() throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        CountDownLatch enough = new CountDownLatch(1);
        CopyPatience real = new CopyPatience(new Outage(LIMIT), event -> {}, pause -> {
            waiting.countDown();
            enough.await();
        });
        RowCopy.Patience shared = real.ofRows(() -> {});
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread waits = Thread.ofPlatform().daemon().start(() -> {
            try {
                shared.afterLoss(part(1), full());
            } catch (InterruptedException | RuntimeException ended) {
                failure.set(ended);
            }
        });
        assertThat(waiting.await(10, TimeUnit.SECONDS)).isTrue();
        Thread completes = Thread.ofPlatform().daemon().start(() -> shared.isMadeGood(part(2)));
        assertThat(completes.join(Duration.ofSeconds(10))).isTrue();
        enough.countDown();
        assertThat(waits.join(Duration.ofSeconds(10))).isTrue();
        assertThat(failure).hasValue(null);
    }
}
