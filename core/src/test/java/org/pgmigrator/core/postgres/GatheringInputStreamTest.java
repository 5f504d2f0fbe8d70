package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class GatheringInputStreamTest {

    private static final long MILLISECOND = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long MICROSECOND = TimeUnit.MICROSECONDS.toNanos(1);

    private long now = 17;
    private final List<Long> pauses = new ArrayList<>();
    private final ScriptedSocket socket = new ScriptedSocket();
    private final GatheringInputStream stream = new GatheringInputStream(socket, () -> now, nanos -> {
        pauses.add(nanos);
        now += nanos;
    });

    /// A socket into which bytes come at given times; its reads take none.
    private final class ScriptedSocket extends InputStream {

        private record Arrival(long at, int bytes) {}

        private final ArrayDeque<Arrival> arrivals = new ArrayDeque<>();
        private int there;
        private int served;
        private int reads;
        private boolean closed;

        void arrive(long at, int bytes) {
            arrivals.add(new Arrival(at, bytes));
        }

        @Override
        public int available() {
            while (!arrivals.isEmpty() && arrivals.getFirst().at() <= now) {
                there += arrivals.removeFirst().bytes();
            }
            return there;
        }

        @Override
        public int read() {
            throw new AssertionError("a byte at a time");
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            reads++;
            if (available() == 0) {
                if (arrivals.isEmpty()) {
                    return -1;
                }
                now = arrivals.getFirst().at();
            }
            int read = Math.min(length, available());
            for (int i = 0; i < read; i++) {
                into[offset + i] = (byte) served++;
            }
            there -= read;
            return read;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    /// One change of 100 bytes every `gap`, from now on.
    private void changes(int count, long gap) {
        for (int i = 1; i <= count; i++) {
            socket.arrive(now + i * gap, 100);
        }
    }

    private byte[] readAll() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] portion = new byte[8192];
        for (int read = stream.read(portion); read >= 0; read = stream.read(portion)) {
            all.write(portion, 0, read);
        }
        return all.toByteArray();
    }

    private static void assertInOrder(byte[] bytes, int count) {
        assertThat(bytes).hasSize(count);
        for (int i = 0; i < count; i++) {
            if (bytes[i] != (byte) i) {
                throw new AssertionError("byte " + i + " is out of its place");
            }
        }
    }

    @Test
    void aSteadyStreamOfALiveApplicationIsReadAtOnce() throws IOException {
        // 2,000 changes a second, for five seconds.
        changes(10_000, 500 * MICROSECOND);
        assertInOrder(readAll(), 1_000_000);
        assertThat(pauses).isEmpty();
        assertThat(socket.reads).isGreaterThan(10_000);
    }

    @Test
    void aBacklogIsLeftToGatherOnceItsRateIsKnown() throws IOException {
        // 200,000 changes a second, for one second.
        changes(200_000, 5 * MICROSECOND);
        assertInOrder(readAll(), 20_000_000);
        int withoutGathering = 200_000;
        int inTheFirstInterval = 20_000;
        assertThat(socket.reads).isLessThan(inTheFirstInterval + (withoutGathering - inTheFirstInterval) / 100);
        assertThat(pauses).isNotEmpty();
    }

    @Test
    void aWaitEndsWhenNothingMoreComes() throws IOException {
        changes(40_000, 5 * MICROSECOND);
        socket.arrive(now + TimeUnit.SECONDS.toNanos(10), 100);
        byte[] portion = new byte[8192];
        int read = 0;
        while (read < 4_000_000) {
            read += stream.read(portion);
        }
        // The last change of the backlog came 200 ms after the start.
        assertThat(now - 17).isLessThanOrEqualTo(200 * MILLISECOND + 2 * GatheringInputStream.QUIET_NANOS);
        assertThat(pauses).isNotEmpty();
    }

    @Test
    void aFullWindowThatCannotGrowIsLeftForTheWholeWaitAndNoLonger() throws IOException {
        changes(30_000, 5 * MICROSECOND);
        byte[] portion = new byte[8192];
        for (int read = 0; read < 3_000_000; ) {
            read += stream.read(portion);
        }
        // A small read that keeps the stream busy, then a window's fill at once and nothing after it.
        socket.arrive(now + 1, 100);
        stream.read(portion);
        socket.arrive(now + 1, 60_000);
        socket.arrive(now + TimeUnit.SECONDS.toNanos(10), 1);
        now += 1;
        pauses.clear();
        long before = now;
        assertThat(stream.read(portion)).isEqualTo(8192);
        assertThat(now - before).isEqualTo(GatheringInputStream.LONGEST_WAIT_NANOS);
    }

    @Test
    void afterAPauseOfTheSourceTheFirstChangeIsReadAtOnce() throws IOException {
        changes(40_000, 5 * MICROSECOND);
        byte[] portion = new byte[8192];
        for (int read = 0; read < 4_000_000; ) {
            read += stream.read(portion);
        }
        assertThat(pauses).isNotEmpty();
        now += GatheringRule.INTERVAL_NANOS * 100;
        pauses.clear();
        socket.arrive(now, 100);
        assertThat(stream.read(portion)).isEqualTo(100);
        assertThat(pauses).isEmpty();
    }

    @Test
    void aLargeValueIsReadStraightIntoItsPlace() throws IOException {
        socket.arrive(now, 1_000_000);
        byte[] value = new byte[1_000_000];
        assertThat(stream.read(value)).isEqualTo(1_000_000);
        assertThat(socket.reads).isEqualTo(1);
        assertInOrder(value, 1_000_000);
    }

    @Test
    void whatIsHeldAlreadyCountsAsAvailable() throws IOException {
        socket.arrive(now, 5);
        assertThat(stream.read()).isZero();
        assertThat(stream.available()).isEqualTo(4);
        socket.arrive(now, 7);
        byte[] rest = new byte[100];
        assertThat(stream.read(rest)).isEqualTo(4);
        assertThat(stream.available()).isEqualTo(7);
        assertThat(stream.read(rest)).isEqualTo(7);
        assertThat(stream.read(rest)).isEqualTo(-1);
        assertThat(stream.read()).isEqualTo(-1);
    }

    @Test
    void closingClosesTheSocketsStream() throws IOException {
        stream.close();
        assertThat(socket.closed).isTrue();
    }
}
