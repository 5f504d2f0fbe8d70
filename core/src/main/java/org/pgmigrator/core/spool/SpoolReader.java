package org.pgmigrator.core.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.decoder.Lsn;

/// Reads a spool while it is written. Used by one thread.
///
/// Transactions at or before the position from which it was opened are left out, but what they say of relations is not.
/// Those that were streamed while they were in progress come like all others, as they would have been sent after their
/// commit.
public final class SpoolReader implements AutoCloseable {

    private static final int FINAL_LSN_AT = 1;

    private final Spool spool;
    private final Lsn after;
    private final FrameReader frames;

    private long segment;
    private @Nullable Path path;
    private @Nullable BlockReader blocks;
    private @Nullable TransactionReader streamed;
    private boolean skipping;

    SpoolReader(Spool spool, Lsn after, long segment) {
        this.spool = spool;
        this.after = after;
        this.segment = segment;
        this.frames = new FrameReader(new FrameReader.Blocks() {
            @Override
            public int load(byte[] raw, Duration limit) throws IOException, InterruptedException {
                return SpoolReader.this.load(raw, limit);
            }

            @Override
            public RuntimeException damaged(String why) {
                return SpoolReader.this.damaged(why);
            }
        });
    }

    /// The next frame, waiting at most `limit` for one.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException SPOOL_DAMAGED if what is read is not what was written;
    ///     SPOOL_FAILED
    public Optional<Spooled> next(Duration limit) throws InterruptedException {
        try {
            long deadline = System.nanoTime() + limit.toNanos();
            while (true) {
                Spooled next = nextOfStreamed();
                if (next != null) {
                    return Optional.of(next);
                }
                FrameReader.Frame frame = frames.next(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
                if (frame == null) {
                    return Optional.empty();
                }
                next = spooled(frame);
                if (next != null) {
                    return Optional.of(next);
                }
            }
        } catch (IOException refusal) {
            throw SpoolFailure.refused("read", spool.directory().path(), refusal);
        }
    }

    /// The next message of the streamed transaction that is being read.
    private @Nullable Spooled nextOfStreamed() throws IOException, InterruptedException {
        TransactionReader current = streamed;
        if (current == null) {
            return null;
        }
        ByteBuffer message = current.next();
        if (message != null) {
            return new Spooled.Frame(Lsn.INVALID, message);
        }
        current.close();
        streamed = null;
        return null;
    }

    /// @return null if it is to be left out, or stands for messages that follow
    private @Nullable Spooled spooled(FrameReader.Frame frame) throws IOException {
        if (frame.kind == FrameWriter.STREAMED) {
            StreamedTransaction transaction = StreamedTransaction.decode(frame.content)
                    .orElseThrow(() -> damaged("there is no reference to a streamed transaction"));
            if (!after.isAfter(transaction.commitLsn())) {
                streamed = new TransactionReader(spool.directory(), transaction);
            }
            return null;
        }
        if (frame.kind == FrameWriter.IDLE) {
            return frame.position.isAfter(after) ? new Spooled.Idle(frame.position) : null;
        }
        return isLeftOut(frame.content) ? null : new Spooled.Frame(frame.position, ByteBuffer.wrap(frame.content));
    }

    /// The commit of a transaction begins before the position at which it ends: one that begins before `after` has
    /// ended
    /// there as well, since nothing ends in the middle of a commit.
    private boolean isLeftOut(byte[] message) {
        byte type = message[0];
        if (type == 'B') {
            skipping = after.isAfter(new Lsn(ByteBuffer.wrap(message).getLong(FINAL_LSN_AT)));
        }
        boolean leftOut = skipping && type != 'R' && type != 'Y';
        if (type == 'C') {
            skipping = false;
        }
        return leftOut;
    }

    /// Puts the next block of the segments into `raw`.
    private int load(byte[] raw, Duration limit) throws IOException, InterruptedException {
        BlockReader current = blocks;
        Optional<Spool.View> view = spool.await(segment, current == null ? 0 : current.offset(), limit);
        if (view.isEmpty()) {
            return -1;
        }
        if (current == null || view.get().number() != segment) {
            closeSegment();
            segment = view.get().number();
            path = view.get().path();
            current = new BlockReader(view.get().path(), view.get().headerLength());
            blocks = current;
        }
        long start = current.offset();
        Block block = current.next(view.get().readable());
        if (block == null) {
            throw damaged(current.damage());
        }
        if (!current.decode(block, raw)) {
            throw SpoolFailure.damaged(view.get().path(), start, "a block cannot be decompressed to what it was");
        }
        return block.rawLength();
    }

    private RuntimeException damaged(String why) {
        BlockReader current = blocks;
        Path file = path;
        return SpoolFailure.damaged(
                file == null ? spool.directory().path() : file, current == null ? 0 : current.offset(), why);
    }

    private void closeSegment() throws IOException {
        if (blocks != null) {
            blocks.close();
        }
    }

    @Override
    public void close() throws IOException {
        try {
            closeSegment();
        } finally {
            if (streamed != null) {
                streamed.close();
            }
        }
    }
}
