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
public final class SpoolReader implements AutoCloseable {

    private static final int FINAL_LSN_AT = 1;

    private final Spool spool;
    private final Lsn after;
    private final byte[] raw = new byte[Block.MOST_RAW];
    private final byte[] frameHeader = new byte[FrameWriter.FRAME_HEADER_BYTES];

    private long segment;
    private @Nullable Path path;
    private @Nullable BlockReader blocks;
    private int size;
    private int used;
    private boolean skipping;

    SpoolReader(Spool spool, Lsn after, long segment) {
        this.spool = spool;
        this.after = after;
        this.segment = segment;
    }

    /// The next frame, waiting at most `limit` for one.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException SPOOL_DAMAGED if what is read is not what was written;
    ///     SPOOL_FAILED
    public Optional<Spooled> next(Duration limit) throws InterruptedException {
        try {
            long deadline = System.nanoTime() + limit.toNanos();
            while (used < size || load(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())))) {
                Spooled frame = frame();
                if (frame != null) {
                    return Optional.of(frame);
                }
            }
            return Optional.empty();
        } catch (IOException refusal) {
            throw SpoolFailure.refused("read", spool.directory().path(), refusal);
        }
    }

    /// @return null if it is to be left out
    private @Nullable Spooled frame() throws IOException, InterruptedException {
        readFully(frameHeader);
        ByteBuffer header = ByteBuffer.wrap(frameHeader);
        byte kind = header.get();
        Lsn position = new Lsn(header.getLong());
        int length = header.getInt();
        if (length < 0 || kind < FrameWriter.MESSAGE || kind > FrameWriter.RELATION) {
            throw damaged("there is no frame of kind " + kind + " and length " + length);
        }
        byte[] message = new byte[length];
        readFully(message);
        if (kind == FrameWriter.IDLE) {
            return position.isAfter(after) ? new Spooled.Idle(position) : null;
        }
        return isLeftOut(message) ? null : new Spooled.Frame(position, ByteBuffer.wrap(message));
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

    private void readFully(byte[] target) throws IOException, InterruptedException {
        int filled = 0;
        while (filled < target.length) {
            if (used == size && !load(Duration.ZERO)) {
                throw damaged("a transaction has no end");
            }
            int part = Math.min(target.length - filled, size - used);
            System.arraycopy(raw, used, target, filled, part);
            used += part;
            filled += part;
        }
    }

    /// Puts the next block into `raw`.
    ///
    /// @return false if there was none in time
    private boolean load(Duration limit) throws IOException, InterruptedException {
        BlockReader current = blocks;
        Optional<Spool.View> view = spool.await(segment, current == null ? 0 : current.offset(), limit);
        if (view.isEmpty()) {
            return false;
        }
        if (current == null || view.get().number() != segment) {
            close();
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
        size = block.rawLength();
        used = 0;
        return true;
    }

    private RuntimeException damaged(String why) {
        BlockReader current = blocks;
        Path file = path;
        return SpoolFailure.damaged(
                file == null ? spool.directory().path() : file, current == null ? 0 : current.offset(), why);
    }

    @Override
    public void close() throws IOException {
        if (blocks != null) {
            blocks.close();
        }
    }
}
