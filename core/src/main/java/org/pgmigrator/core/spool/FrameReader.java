package org.pgmigrator.core.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.decoder.Lsn;

/// Takes frames out of blocks. Used by one thread.
final class FrameReader {

    /// Where the blocks come from.
    interface Blocks {

        /// Puts the frames of the next block into `raw`, waiting at most `limit` for one.
        ///
        /// @return how many bytes they take; -1 if there was none in time
        int load(byte[] raw, Duration limit) throws IOException, InterruptedException;

        /// What is here is not what was written.
        RuntimeException damaged(String why);
    }

    /// One frame, as [FrameWriter] describes it.
    static final class Frame {
        final byte kind;
        final Lsn position;
        final byte[] content;

        Frame(byte kind, Lsn position, byte[] content) {
            this.kind = kind;
            this.position = position;
            this.content = content;
        }
    }

    private final Blocks blocks;
    private final byte[] raw = new byte[Block.MOST_RAW];
    private final byte[] header = new byte[FrameWriter.FRAME_HEADER_BYTES];
    private int size;
    private int used;

    FrameReader(Blocks blocks) {
        this.blocks = blocks;
    }

    /// The next frame, waiting at most `limit` for one.
    @Nullable
    Frame next(Duration limit) throws IOException, InterruptedException {
        if (used == size && !load(limit)) {
            return null;
        }
        readFully(header);
        ByteBuffer buffer = ByteBuffer.wrap(header);
        byte kind = buffer.get();
        Lsn position = new Lsn(buffer.getLong());
        int length = buffer.getInt();
        if (length < 0 || kind < FrameWriter.MESSAGE || kind > FrameWriter.STREAMED) {
            throw blocks.damaged("there is no frame of kind " + kind + " and length " + length);
        }
        byte[] content = new byte[length];
        readFully(content);
        return new Frame(kind, position, content);
    }

    private void readFully(byte[] target) throws IOException, InterruptedException {
        int filled = 0;
        while (filled < target.length) {
            if (used == size && !load(Duration.ZERO)) {
                throw blocks.damaged("a transaction has no end");
            }
            int part = Math.min(target.length - filled, size - used);
            System.arraycopy(raw, used, target, filled, part);
            used += part;
            filled += part;
        }
    }

    private boolean load(Duration limit) throws IOException, InterruptedException {
        int loaded = blocks.load(raw, limit);
        size = Math.max(0, loaded);
        used = 0;
        return loaded > 0;
    }
}
