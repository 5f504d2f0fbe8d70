package org.pgmigrator.core.spool;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Reads the blocks of one segment file one after the other, and believes none of them unchecked. Not thread-safe.
final class BlockReader implements Closeable {

    private final RandomAccessFile file;
    private final byte[] header = new byte[Block.HEADER_BYTES];
    private final byte[] stored = new byte[Block.MOST_STORED];
    private long offset;
    private String damage = "";

    /// @param offset where the first block begins
    BlockReader(Path path, long offset) throws IOException {
        this.file = new RandomAccessFile(path.toFile(), "r");
        this.offset = offset;
    }

    /// Where the next block begins, or the damaged one.
    long offset() {
        return offset;
    }

    /// What was wrong with the block that [#next] could not read.
    String damage() {
        return damage;
    }

    /// Goes to the next block, which must end at `limit` or before, and checks its stored bytes.
    ///
    /// @return null if there is no whole and intact block: [#damage] says why
    @Nullable
    Block next(long limit) throws IOException {
        if (limit - offset < Block.HEADER_BYTES) {
            return damaged("the file ends within the header of a block");
        }
        try {
            file.seek(offset);
            file.readFully(header);
            Block block = Block.header(header).orElse(null);
            if (block == null) {
                return damaged("there is no block");
            }
            if (limit - offset - Block.HEADER_BYTES < block.storedLength()) {
                return damaged("the file ends within a block");
            }
            file.readFully(stored, 0, block.storedLength());
            if (!block.isIntact(header, stored)) {
                return damaged("the checksum of a block is wrong");
            }
            offset += Block.HEADER_BYTES + block.storedLength();
            return block;
        } catch (EOFException shorter) {
            return damaged("the file ends within a block");
        }
    }

    private @Nullable Block damaged(String why) {
        damage = why;
        return null;
    }

    /// Puts the frames of the block that [#next] has just returned into `raw`.
    boolean decode(Block block, byte[] raw) {
        return block.decode(stored, raw);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
