package org.pgmigrator.core.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.spool.KnownRelations.Described;
import org.pgmigrator.decoder.Lsn;

/// The file of one transaction in progress: blocks of its messages, as they came.
///
/// What a subtransaction has made that is rolled back lies at the file's end, and is cut off there: changes come in the
/// order in which they were made, and from the moment a subtransaction has its id until it is rolled back, only itself
/// and those inside it make any. If it was released before, it is rolled back together with one around it, which may
/// have made changes of its own behind it; the server tells of those inside first, and of that one last. That it does
/// tell is checked, not believed.
///
/// The writing thread does everything but [#sync].
final class TransactionFile {

    private final int xid;
    private final Disk.Output output;
    private final BlockIndex index = new BlockIndex();
    private final Map<Integer, Described> described = new LinkedHashMap<>();
    private Path path;
    private long length;

    /// A transaction whose changes were cut off with those of another one, so that it must have been rolled back too.
    private @Nullable Integer awaited;

    private volatile boolean unsynced;
    private volatile boolean complete;
    private volatile boolean closed;

    TransactionFile(int xid, Path path, Disk disk) throws IOException {
        this.xid = xid;
        this.path = path;
        this.output = disk.create(path);
    }

    int xid() {
        return xid;
    }

    Path path() {
        return path;
    }

    long length() {
        return length;
    }

    /// Over the checksums of its blocks.
    int crc() {
        return index.crc();
    }

    /// The greatest transaction id in it.
    int most() {
        return most(index.count());
    }

    private int most(int blocks) {
        return blocks == 0 ? xid : index.most(blocks);
    }

    /// Adds a block.
    ///
    /// @param leastXid of the transaction ids of its messages
    void write(byte[] raw, int rawLength, int leastXid, int mostXid, byte[] encoded) throws IOException {
        int bytes = Block.encode(raw, rawLength, Block.Kind.PARTIAL, Lsn.INVALID, encoded);
        output.write(encoded, bytes);
        unsynced = true;
        index.add(length, leastXid, mostXid, Block.crcOfEncoded(encoded));
        length += bytes;
    }

    void describe(Described relation) {
        described.put(relation.oid, relation);
    }

    Collection<Described> described() {
        return described.values();
    }

    /// Cuts off a subtransaction that was rolled back, and all that was made after it had begun.
    ///
    /// @param raw room for a block, as `encoded`
    void cut(int subxid, byte[] raw, byte[] encoded) throws IOException {
        // The walsender describes everything anew to this transaction.
        described.replaceAll((oid, relation) -> relation.forgotten());
        int first = index.count();
        while (!index.areBefore(first, subxid)) {
            first--;
        }
        if (first < index.count()) {
            int leastCut = index.leastFrom(first + 1, subxid);
            Part kept = NOTHING;
            if (BlockIndex.precedes(index.least(first), subxid)) {
                kept = before(subxid, first, raw);
                leastCut = BlockIndex.least(leastCut, kept.leastCut());
            }
            length = index.start(first);
            output.truncate(length);
            index.cut(first);
            unsynced = true;
            if (kept.length() > 0) {
                write(raw, kept.length(), kept.least(), kept.most(), encoded);
            }
            if (BlockIndex.precedes(leastCut, awaited == null ? subxid : awaited)) {
                awaited = leastCut;
            }
        }
        if (awaited != null && awaited == subxid) {
            awaited = null;
        }
    }

    /// What is kept of a block is its beginning.
    ///
    /// @param leastCut the least transaction id in the rest
    private record Part(int length, int least, int most, int leastCut) {}

    private static final Part NOTHING = new Part(0, 0, 0, 0);

    /// Reads a block in which something is older than the subtransaction.
    private Part before(int subxid, int first, byte[] raw) throws IOException {
        int size;
        try (BlockReader reader = new BlockReader(path, index.start(first))) {
            Block block = reader.next(length);
            if (block == null || !reader.decode(block, raw)) {
                throw new IOException("what was just written cannot be read: " + reader.damage());
            }
            size = block.rawLength();
        }
        return before(subxid, ByteBuffer.wrap(raw, 0, size), most(first));
    }

    /// @param most of what lies in the blocks before
    private static Part before(int subxid, ByteBuffer frames, int most) {
        int kept = -1;
        int leastKept = most;
        int mostKept = most;
        int leastCut = subxid;
        while (frames.hasRemaining()) {
            int at = frames.position();
            int content = at + FrameWriter.FRAME_HEADER_BYTES;
            frames.position(content + frames.getInt(content - Integer.BYTES));
            if (frames.get(content) == TransactionFiles.LOGICAL_MESSAGE) {
                continue;
            }
            int frameXid = frames.getInt(content + TransactionFiles.XID_AT);
            if (kept < 0 && !BlockIndex.precedes(frameXid, subxid)) {
                kept = at;
            }
            if (kept < 0) {
                leastKept = BlockIndex.least(at == 0 ? frameXid : leastKept, frameXid);
                mostKept = BlockIndex.most(mostKept, frameXid);
            } else {
                leastCut = BlockIndex.least(leastCut, frameXid);
            }
        }
        return new Part(Math.max(0, kept), leastKept, mostKept, leastCut);
    }

    /// Something follows: all that was cut off must have been rolled back.
    void requireSettled() {
        if (awaited != null) {
            throw new MigrationException(Failure.of(
                    FailureKind.DECODE_FAILED,
                    "The source has rolled back a subtransaction of transaction " + Integer.toUnsignedString(xid)
                            + " whose changes it had not sent together.",
                    "which of them are to be dropped is not known: those of " + Integer.toUnsignedString(awaited)
                            + " came between them"));
        }
    }

    /// The transaction was committed: nothing is added any more, and the next [#sync] closes the file.
    void commit(Path finalPath) throws IOException {
        Files.move(path, finalPath);
        path = finalPath;
        complete = true;
    }

    /// Makes durable what was written before. Called by the syncing thread.
    ///
    /// @return whether nothing more is to be done with it, because it is closed
    synchronized boolean sync() throws IOException {
        if (!closed) {
            boolean wasComplete = complete;
            if (unsynced) {
                unsynced = false;
                output.sync();
            }
            if (wasComplete) {
                close();
            }
        }
        return closed;
    }

    /// Removes it: the transaction was rolled back, or comes again.
    void drop() throws IOException {
        Files.deleteIfExists(path);
        close();
    }

    synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            output.close();
        }
    }

    boolean isComplete() {
        return complete;
    }
}
