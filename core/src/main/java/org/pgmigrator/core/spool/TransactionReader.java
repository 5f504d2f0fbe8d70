package org.pgmigrator.core.spool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Reads the file of a streamed transaction as if it had been sent after its commit: begin, changes without the ids of
/// subtransactions, commit. The commit comes only if all of the file was as it was written. Used by one thread.
final class TransactionReader implements FrameReader.Blocks, Closeable {

    private final Path path;
    private final StreamedTransaction transaction;
    private final BlockReader blocks;
    private final FrameReader frames = new FrameReader(this);
    private int crc;
    private boolean begun;
    private boolean done;

    /// @throws org.pgmigrator.core.error.MigrationException SPOOL_DAMAGED if there is no such file
    TransactionReader(SpoolDirectory directory, StreamedTransaction transaction) throws IOException {
        this.path = directory.transaction(transaction.endLsn());
        this.transaction = transaction;
        String missing = missing(directory, transaction);
        if (!missing.isEmpty()) {
            throw SpoolFailure.damaged(path, 0, missing);
        }
        this.blocks = new BlockReader(path, 0);
    }

    /// What is wrong with the file at first sight; empty if nothing is.
    static String missing(SpoolDirectory directory, StreamedTransaction transaction) throws IOException {
        Path file = directory.transaction(transaction.endLsn());
        if (!Files.exists(file)) {
            return "the file of a streamed transaction is missing: " + file.getFileName();
        }
        return Files.size(file) == transaction.length()
                ? ""
                : "the file " + file.getFileName() + " of a streamed transaction has " + Files.size(file)
                        + " bytes instead of " + transaction.length();
    }

    /// The next message; null after the commit.
    @Nullable
    ByteBuffer next() throws IOException, InterruptedException {
        if (!begun) {
            begun = true;
            return ByteBuffer.wrap(transaction.begin());
        }
        if (done) {
            return null;
        }
        FrameReader.Frame frame = frames.next(Duration.ZERO);
        if (frame != null) {
            if (frame.kind != FrameWriter.MESSAGE || frame.content.length < TransactionFiles.XID_AT + Integer.BYTES) {
                throw damaged("there is no message of a transaction");
            }
            return ByteBuffer.wrap(TransactionFiles.withoutXid(ByteBuffer.wrap(frame.content)));
        }
        if (crc != transaction.crc()) {
            throw damaged("the checksum of all blocks is wrong");
        }
        done = true;
        return ByteBuffer.wrap(transaction.commit());
    }

    @Override
    public int load(byte[] raw, Duration limit) throws IOException {
        if (blocks.offset() == transaction.length()) {
            return -1;
        }
        Block block = blocks.next(transaction.length());
        if (block == null) {
            throw damaged(blocks.damage());
        }
        if (!blocks.decode(block, raw)) {
            throw damaged("a block cannot be decompressed to what it was");
        }
        crc = BlockIndex.chain(crc, block.crc());
        return block.rawLength();
    }

    @Override
    public RuntimeException damaged(String why) {
        return SpoolFailure.damaged(path, blocks.offset(), why);
    }

    @Override
    public void close() throws IOException {
        blocks.close();
    }
}
