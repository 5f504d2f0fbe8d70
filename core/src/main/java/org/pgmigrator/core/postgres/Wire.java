package org.pgmigrator.core.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// One socket of a session: since when somebody waits for its peer, and why it was cut.
///
/// Waited for is a peer that does not answer to a connect, whose bytes somebody reads and gets none, or that takes none
/// of those that are sent. One reader and one writer at a time; [SilenceWatch] looks at it from its own thread.
final class Wire {

    /// A reader that polls reads again within this time; if it pauses for longer it does not wait for anything.
    private static final long POLL_NANOS = Duration.ofSeconds(3).toNanos();

    /// What is handed to the kernel at once: a slow network is not silent, it takes portions.
    private static final int PORTION_BYTES = 64 * 1024;

    private static final long NEVER = Long.MIN_VALUE;

    private final Line line;
    private final Socket socket;

    private volatile long nothingReadSince = NEVER;
    private volatile boolean reading;
    private volatile long polledAt = NEVER;
    private volatile long sendingSince = NEVER;
    private volatile @Nullable String cutBecause;

    // Of the watch: when the server was first seen to wait for us, and since when we waited for it then.
    private long suspectedAt = NEVER;
    private long suspectedSince = NEVER;

    Wire(Line line, Socket socket) {
        this.line = line;
        this.socket = socket;
    }

    Line line() {
        return line;
    }

    /// For how long somebody has waited for the peer, in nanoseconds; negative if nobody does.
    long silence(long now) {
        long since = waitingSince(now);
        return since == NEVER ? -1 : now - since;
    }

    private long waitingSince(long now) {
        long sending = sendingSince;
        if (sending != NEVER) {
            return sending;
        }
        return reading || (polledAt != NEVER && now - polledAt < POLL_NANOS) ? nothingReadSince : NEVER;
    }

    /// The server waits for us, as we do for it.
    ///
    /// @return whether it has done so for as long as `limit` while nothing came or went here
    boolean isSuspectedFor(Duration limit, long now) {
        long since = waitingSince(now);
        if (since == NEVER || since != suspectedSince) {
            suspectedSince = since;
            suspectedAt = now;
            return false;
        }
        return now - suspectedAt >= limit.toNanos();
    }

    void acquit() {
        suspectedSince = NEVER;
    }

    /// Whoever waits here, or wants to use it later, gets a [SilentPeerException].
    void cut(String reason) {
        cutBecause = reason;
        line.cut(reason);
        try {
            socket.close();
        } catch (IOException alreadyGone) {
            // Closed is what it should be.
        }
    }

    private IOException reason(IOException failure) {
        String reason = cutBecause;
        return reason == null || failure instanceof SilentPeerException
                ? failure
                : new SilentPeerException(reason, failure);
    }

    /// Connects, sends or closes.
    @FunctionalInterface
    interface Action {
        void run() throws IOException;
    }

    /// Does what the peer has to answer to.
    void send(Action action) throws IOException {
        sendingSince = System.nanoTime();
        try {
            action.run();
        } catch (IOException failure) {
            throw reason(failure);
        } finally {
            sendingSince = NEVER;
        }
    }

    private int read(InputStream input, byte[] into, int offset, int length) throws IOException {
        long now = System.nanoTime();
        if (nothingReadSince == NEVER || polledAt == NEVER || now - polledAt >= POLL_NANOS) {
            nothingReadSince = now;
        }
        reading = true;
        boolean polled = false;
        try {
            return input.read(into, offset, length);
        } catch (SocketTimeoutException nothing) {
            polled = true;
            throw nothing;
        } catch (IOException failure) {
            throw reason(failure);
        } finally {
            polledAt = polled ? System.nanoTime() : NEVER;
            reading = false;
        }
    }

    /// The socket's input, heard by this wire.
    InputStream heard(InputStream input) {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                int length = read(one, 0, 1);
                return length < 0 ? -1 : one[0] & 0xFF;
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                return Wire.this.read(input, into, offset, length);
            }

            @Override
            public int available() throws IOException {
                return input.available();
            }

            @Override
            public void close() throws IOException {
                input.close();
            }
        };
    }

    /// The socket's output, heard by this wire.
    OutputStream heard(OutputStream output) {
        return new OutputStream() {
            @Override
            public void write(int one) throws IOException {
                write(new byte[] {(byte) one}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                int end = offset + length;
                for (int from = offset; from < end; from += PORTION_BYTES) {
                    int start = from;
                    send(() -> output.write(bytes, start, Math.min(PORTION_BYTES, end - start)));
                }
            }

            @Override
            public void flush() throws IOException {
                output.flush();
            }

            @Override
            public void close() throws IOException {
                output.close();
            }
        };
    }
}
