package org.pgmigrator.core.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.stream.StreamItem.IdlePosition;
import org.pgmigrator.core.stream.StreamItem.TransactionPart;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputMessage.Begin;

class ChangeQueueTest {

    private static final Duration NOT_AT_ALL = Duration.ZERO;

    private static StreamItem item(long bytes) {
        return new TransactionPart(new Begin(new Lsn(1), Instant.EPOCH, 3), true, List.of(), Optional.empty(), bytes);
    }

    @Test
    void itemsComeOutInTheOrderTheyWentIn() throws InterruptedException {
        ChangeQueue queue = new ChangeQueue(1_000_000);
        StreamItem first = new IdlePosition(new Lsn(1));
        StreamItem second = new IdlePosition(new Lsn(2));
        assertThat(queue.offer(first, NOT_AT_ALL)).isTrue();
        assertThat(queue.offer(second, NOT_AT_ALL)).isTrue();
        assertThat(queue.poll(NOT_AT_ALL)).contains(first);
        assertThat(queue.poll(NOT_AT_ALL)).contains(second);
        assertThat(queue.poll(NOT_AT_ALL)).isEmpty();
    }

    @Test
    void aFullQueueRefusesUntilThereIsRoom() throws Exception {
        ChangeQueue queue = new ChangeQueue(2_000);
        assertThat(queue.offer(item(1_500), NOT_AT_ALL)).isTrue();
        assertThat(queue.offer(item(1_500), NOT_AT_ALL)).isFalse();
        CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> {
            try {
                return queue.offer(item(1_500), Duration.ofSeconds(30));
            } catch (InterruptedException stop) {
                throw new IllegalStateException(stop);
            }
        });
        assertThat(queue.poll(Duration.ofSeconds(5))).isPresent();
        assertThat(waiting.get(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anItemLargerThanTheBoundPassesThroughAnEmptyQueue() throws InterruptedException {
        ChangeQueue queue = new ChangeQueue(1_000);
        assertThat(queue.offer(item(1L << 30), NOT_AT_ALL)).isTrue();
        assertThat(queue.offer(item(1), NOT_AT_ALL)).isFalse();
        assertThat(queue.poll(NOT_AT_ALL)).isPresent();
        assertThat(queue.offer(item(1), NOT_AT_ALL)).isTrue();
    }

    @Test
    void anAbandonedQueueTakesNothingAndWakesWhoWaits() throws Exception {
        ChangeQueue queue = new ChangeQueue(1_000);
        assertThat(queue.offer(item(5_000), NOT_AT_ALL)).isTrue();
        CompletableFuture<Boolean> waiting = CompletableFuture.supplyAsync(() -> {
            try {
                return queue.offer(item(1), Duration.ofMinutes(5));
            } catch (InterruptedException stop) {
                throw new IllegalStateException(stop);
            }
        });
        queue.abandon();
        assertThat(waiting.get(30, TimeUnit.SECONDS)).isFalse();
        assertThat(queue.isAbandoned()).isTrue();
        assertThat(queue.isEmpty()).isTrue();
    }
}
