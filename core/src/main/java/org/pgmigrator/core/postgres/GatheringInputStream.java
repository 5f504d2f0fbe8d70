package org.pgmigrator.core.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/// A socket's input in large portions: under load it lets bytes gather before it reads, by [GatheringRule].
///
/// Nothing is held back that has been read, and a wait ends after [#LONGEST_WAIT_NANOS], so that whatever else the
/// reading thread has to do, and the news that the socket was closed, are late by that at most. Confined to one thread,
/// but for [#close].
final class GatheringInputStream extends InputStream {

    static final int BUFFER_BYTES = 64 * 1024;

    /// Longer than a small window takes to fill, so that the source goes on into its own send buffer meanwhile; with
    /// half
    /// of it two busy processors fell back to small reads, with twice as much the source ran out of send buffer.
    static final long LONGEST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /// After this long without a byte what is there is read, unless it is so much that the window may be full. With
    /// less
    /// than half of it, a walsender that only waited for a processor was taken for a quiet one.
    static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final InputStream socket;
    private final LongSupplier nanoTime;
    private final LongConsumer pause;
    private final GatheringRule rule;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;

    GatheringInputStream(InputStream socket) {
        this(socket, System::nanoTime, LockSupport::parkNanos);
    }

    /// @param nanoTime what [System#nanoTime] is
    /// @param pause    sleeps for so many nanoseconds, or less
    GatheringInputStream(InputStream socket, LongSupplier nanoTime, LongConsumer pause) {
        this.socket = socket;
        this.nanoTime = nanoTime;
        this.pause = pause;
        this.rule = new GatheringRule(nanoTime.getAsLong());
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        int length = read(one, 0, 1);
        return length < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (position == limit) {
            if (length >= BUFFER_BYTES) {
                // Part of a large value: there is no gain in a copy.
                return readSocket(into, offset, length);
            }
            int received = readSocket(buffer, 0, BUFFER_BYTES);
            if (received < 0) {
                return received;
            }
            position = 0;
            limit = received;
        }
        int copied = Math.min(length, limit - position);
        System.arraycopy(buffer, position, into, offset, copied);
        position += copied;
        return copied;
    }

    private int readSocket(byte[] into, int offset, int length) throws IOException {
        if (rule.gathersAt(nanoTime.getAsLong())) {
            gather();
        }
        int received = socket.read(into, offset, length);
        if (received > 0) {
            rule.received(received, nanoTime.getAsLong());
        }
        return received;
    }

    private void gather() throws IOException {
        long deadline = nanoTime.getAsLong() + LONGEST_WAIT_NANOS;
        int gathered = socket.available();
        while (!Thread.currentThread().isInterrupted()) {
            long left = deadline - nanoTime.getAsLong();
            if (left <= 0) {
                return;
            }
            pause.accept(Math.min(left, QUIET_NANOS));
            int now = socket.available();
            if (now == gathered && now < GatheringRule.LARGE_READ_BYTES) {
                return;
            }
            gathered = now;
        }
    }

    @Override
    public int available() throws IOException {
        return position < limit ? limit - position : socket.available();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
