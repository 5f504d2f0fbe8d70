package org.pgmigrator.core.spool;

import java.util.Arrays;
import java.util.zip.CRC32C;

/// Where the blocks of a transaction in progress begin and which subtransactions are in them: twenty bytes for a block,
/// however many subtransactions there are.
///
/// Transaction ids are unsigned numbers that start again at their end: one precedes another if the way from it is less
/// than half of all.
final class BlockIndex {

    private static final int FIRST_CAPACITY = 16;

    private long[] starts = new long[FIRST_CAPACITY];
    private int[] least = new int[FIRST_CAPACITY];
    private int[] mostSoFar = new int[FIRST_CAPACITY];
    private int[] crcSoFar = new int[FIRST_CAPACITY];
    private int count;

    static boolean precedes(int xid, int other) {
        return xid - other < 0;
    }

    static int least(int xid, int other) {
        return precedes(xid, other) ? xid : other;
    }

    static int most(int xid, int other) {
        return precedes(xid, other) ? other : xid;
    }

    int count() {
        return count;
    }

    long start(int block) {
        return starts[block];
    }

    /// The least id in this block.
    int least(int block) {
        return least[block];
    }

    /// The least id in the blocks from `first` on; `other` if that is less.
    int leastFrom(int first, int other) {
        int found = other;
        for (int block = first; block < count; block++) {
            found = least(found, least[block]);
        }
        return found;
    }

    /// The greatest id in the first `blocks` blocks, at least one.
    int most(int blocks) {
        return mostSoFar[blocks - 1];
    }

    /// Whether the first `blocks` blocks have nothing of `xid` and of what followed it.
    boolean areBefore(int blocks, int xid) {
        return blocks == 0 || precedes(mostSoFar[blocks - 1], xid);
    }

    /// Over the checksums of all blocks.
    int crc() {
        return count == 0 ? 0 : crcSoFar[count - 1];
    }

    void add(long start, int leastXid, int mostXid, int blockCrc) {
        if (count == starts.length) {
            int capacity = count + (count >> 1);
            starts = Arrays.copyOf(starts, capacity);
            least = Arrays.copyOf(least, capacity);
            mostSoFar = Arrays.copyOf(mostSoFar, capacity);
            crcSoFar = Arrays.copyOf(crcSoFar, capacity);
        }
        starts[count] = start;
        least[count] = leastXid;
        mostSoFar[count] = count == 0 ? mostXid : most(mostSoFar[count - 1], mostXid);
        crcSoFar[count] = chain(crc(), blockCrc);
        count++;
    }

    /// Forgets all blocks but the first `kept`.
    void cut(int kept) {
        count = kept;
    }

    /// The checksum of blocks up to one, from that of those before it.
    static int chain(int crcBefore, int blockCrc) {
        CRC32C crc = new CRC32C();
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            crc.update(crcBefore >>> shift);
        }
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            crc.update(blockCrc >>> shift);
        }
        return (int) crc.getValue();
    }
}
