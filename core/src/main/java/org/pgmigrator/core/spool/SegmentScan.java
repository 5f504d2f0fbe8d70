package org.pgmigrator.core.spool;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.decoder.Lsn;

/// What is whole in a segment after the program or the machine has died.
///
/// @param length where the last complete transaction ends that is to be kept
/// @param end    the position there
/// @param damage what follows there, if it is not the regular end; may be empty
record SegmentScan(long length, Lsn end, String damage) {

    /// Reads a segment up to the last complete transaction that ends at `keepUpto` or before.
    static SegmentScan of(
            SpoolDirectory directory,
            SpoolDirectory.Numbered segment,
            SegmentHeader header,
            long fileLength,
            Lsn keepUpto)
            throws IOException {
        long kept = header.length();
        Lsn end = header.from();
        try (BlockReader blocks = new BlockReader(segment.path(), kept)) {
            while (blocks.offset() < fileLength) {
                @Nullable Block block = blocks.next(fileLength);
                if (block == null) {
                    return new SegmentScan(kept, end, blocks.damage() + " at byte " + blocks.offset());
                }
                if (block.kind().isComplete()) {
                    if (block.end().isAfter(keepUpto)) {
                        return new SegmentScan(kept, end, "");
                    }
                    if (end.isAfter(block.end())) {
                        return new SegmentScan(kept, end, "positions go backwards before byte " + blocks.offset());
                    }
                    String missing = block.kind() == Block.Kind.REFERENCE ? missing(directory, blocks, block) : "";
                    if (!missing.isEmpty()) {
                        return new SegmentScan(kept, end, missing + ", before byte " + blocks.offset());
                    }
                    kept = blocks.offset();
                    end = block.end();
                }
            }
        }
        return new SegmentScan(kept, end, "");
    }

    /// What is wrong with the streamed transaction that a block refers to.
    private static String missing(SpoolDirectory directory, BlockReader blocks, Block block) throws IOException {
        byte[] raw = new byte[Block.MOST_RAW];
        Optional<StreamedTransaction> transaction =
                blocks.decode(block, raw) ? FrameWriter.streamed(raw, block.rawLength()) : Optional.empty();
        return transaction.isEmpty()
                ? "there is no reference to a streamed transaction"
                : TransactionReader.missing(directory, transaction.get());
    }
}
