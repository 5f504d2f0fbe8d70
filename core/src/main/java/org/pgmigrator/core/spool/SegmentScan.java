package org.pgmigrator.core.spool;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.decoder.Lsn;

/// What is whole in a segment after the program or the machine has died.
///
/// @param length where the last complete transaction ends that is to be kept
/// @param end    the position there
/// @param damage what follows there, if it is not the regular end; may be empty
record SegmentScan(long length, Lsn end, String damage) {

    /// Reads a segment up to the last complete transaction that ends at `keepUpto` or before.
    static SegmentScan of(SpoolDirectory.Numbered segment, SegmentHeader header, long fileLength, Lsn keepUpto)
            throws IOException {
        long kept = header.length();
        Lsn end = header.from();
        try (BlockReader blocks = new BlockReader(segment.path(), kept)) {
            while (blocks.offset() < fileLength) {
                @Nullable Block block = blocks.next(fileLength);
                if (block == null) {
                    return new SegmentScan(kept, end, blocks.damage() + " at byte " + blocks.offset());
                }
                if (block.complete()) {
                    if (block.end().isAfter(keepUpto)) {
                        return new SegmentScan(kept, end, "");
                    }
                    if (end.isAfter(block.end())) {
                        return new SegmentScan(kept, end, "positions go backwards before byte " + blocks.offset());
                    }
                    kept = blocks.offset();
                    end = block.end();
                }
            }
        }
        return new SegmentScan(kept, end, "");
    }
}
