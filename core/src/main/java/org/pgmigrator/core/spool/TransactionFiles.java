package org.pgmigrator.core.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.decoder.Framing;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputDecoder;
import org.pgmigrator.decoder.PgOutputMessage.StreamAbort;
import org.pgmigrator.decoder.PgOutputMessage.StreamCommit;
import org.pgmigrator.decoder.PgOutputMessage.StreamStart;

/// The transactions in progress that the source sends in stream blocks, each in a file of its own until it is committed
/// or rolled back. Nothing of them counts for any position, and all of it comes again on a new connection.
///
/// Confined to the thread that writes, but for [#sync], [#bytes] and [#close]. The memory that it takes does not depend
/// on
/// how many transactions there are, but for twenty bytes a block.
final class TransactionFiles {

    /// Where a message inside a stream block has its transaction's id.
    static final int XID_AT = 1;

    private static final String WITH_XID = "RYIUDTM";
    private static final byte STREAM_START = 'S';
    private static final byte STREAM_STOP = 'E';
    private static final byte STREAM_ABORT = 'A';
    private static final byte ORIGIN = 'O';
    private static final byte RELATION = 'R';

    /// It has the id of the whole transaction, also if a subtransaction has emitted it: where it lies says more. One
    /// whose
    /// subtransaction was rolled back before it had changed anything stays; nothing is applied of it.
    static final byte LOGICAL_MESSAGE = 'M';

    private final SpoolDirectory directory;
    private final Disk disk;
    private final KnownRelations relations;
    private final LongConsumer onWritten;
    private final Map<Integer, TransactionFile> inProgress = new HashMap<>();
    private final Set<TransactionFile> open = ConcurrentHashMap.newKeySet();

    // One buffer for all of them, because one stream block ends before another begins.
    private final byte[] raw = new byte[Block.MOST_RAW];
    private final byte[] encoded = new byte[Block.HEADER_BYTES + Block.MOST_STORED];
    private @Nullable TransactionFile current;
    private int size;
    private int leastXid;
    private int mostXid;
    private volatile long bytes;

    /// @param onWritten told after so many bytes were written
    TransactionFiles(SpoolDirectory directory, Disk disk, KnownRelations relations, LongConsumer onWritten) {
        this.directory = directory;
        this.disk = disk;
        this.relations = relations;
        this.onWritten = onWritten;
    }

    /// Size of the files of transactions that are still in progress. Any thread.
    long bytes() {
        return bytes;
    }

    /// How many transactions are in progress.
    int count() {
        return inProgress.size();
    }

    /// Whether a stream block has begun that has not ended.
    boolean isInBlock() {
        return current != null;
    }

    /// Takes a message if it is about a transaction in progress: everything inside a stream block, its start, its end,
    /// and a rollback.
    ///
    /// @return whether it was taken
    boolean take(Lsn position, ByteBuffer message) throws IOException {
        if (current != null) {
            inBlock(current, position, message);
            return true;
        }
        byte type = message.get(message.position());
        if (type == STREAM_START) {
            start((StreamStart) PgOutputDecoder.decode(message, Framing.TOP_LEVEL));
        } else if (type == STREAM_ABORT) {
            abort((StreamAbort) PgOutputDecoder.decode(message, Framing.TOP_LEVEL));
        }
        return type == STREAM_START || type == STREAM_ABORT;
    }

    private void start(StreamStart start) throws IOException {
        int xid = (int) start.xid();
        TransactionFile known = inProgress.get(xid);
        if ((known == null) != start.firstSegment()) {
            throw unexpected(
                    start.firstSegment() ? "began again" : "goes on, whose beginning was not sent", start.xid());
        }
        if (known == null) {
            known = new TransactionFile(xid, directory.transactionInProgress(start.xid()), disk);
            inProgress.put(xid, known);
            open.add(known);
        }
        known.requireSettled();
        current = known;
    }

    private static MigrationException unexpected(String what, long xid) {
        return new MigrationException(Failure.of(
                FailureKind.DECODE_FAILED,
                "The source sent a transaction in progress that " + what + ".",
                "transaction id " + xid));
    }

    private void inBlock(TransactionFile file, Lsn position, ByteBuffer message) throws IOException {
        byte type = message.get(message.position());
        if (type == STREAM_STOP) {
            flush(file);
            current = null;
        } else if (type == ORIGIN) {
            // It matters to loops only, and has no transaction id.
            PgOutputDecoder.decode(message, Framing.STREAM_BLOCK);
        } else if (WITH_XID.indexOf(type) < 0 || message.remaining() < XID_AT + Integer.BYTES) {
            PgOutputDecoder.decode(message, Framing.STREAM_BLOCK);
            throw unexpected("has a message of type " + (char) type, file.xid());
        } else {
            if (type == RELATION) {
                file.describe(relations.describeInProgress(message));
            }
            add(file, position, message.duplicate());
        }
    }

    /// A block begins with a frame. One that is larger than a block has some to itself: so a block that is not of one
    /// subtransaction can be cut between two frames.
    private void add(TransactionFile file, Lsn position, ByteBuffer message) throws IOException {
        int frame = FrameWriter.FRAME_HEADER_BYTES + message.remaining();
        if (frame > raw.length - size) {
            flush(file);
        }
        int xid = xid(file, message);
        leastXid = size == 0 ? xid : BlockIndex.least(leastXid, xid);
        mostXid = size == 0 ? xid : BlockIndex.most(mostXid, xid);
        ByteBuffer.wrap(raw, size, FrameWriter.FRAME_HEADER_BYTES)
                .put(FrameWriter.MESSAGE)
                .putLong(position.value())
                .putInt(message.remaining());
        size += FrameWriter.FRAME_HEADER_BYTES;
        while (message.hasRemaining()) {
            int part = Math.min(message.remaining(), raw.length - size);
            message.get(raw, size, part);
            size += part;
            if (size == raw.length) {
                flush(file);
            }
        }
        if (frame > raw.length) {
            flush(file);
        }
    }

    private int xid(TransactionFile file, ByteBuffer message) {
        if (message.get(message.position()) != LOGICAL_MESSAGE) {
            return message.getInt(message.position() + XID_AT);
        }
        return size == 0 ? file.most() : BlockIndex.most(file.most(), mostXid);
    }

    private void flush(TransactionFile file) throws IOException {
        if (size > 0) {
            long before = file.length();
            file.write(raw, size, leastXid, mostXid, encoded);
            size = 0;
            grown(file.length() - before);
        }
    }

    private void grown(long difference) {
        // Only this thread writes it.
        long now = bytes + difference;
        bytes = now;
        onWritten.accept(Math.max(0, difference));
    }

    private void abort(StreamAbort abort) throws IOException {
        TransactionFile file = inProgress.get((int) abort.xid());
        if (file != null && abort.ofWholeTransaction()) {
            drop(file);
        } else if (file != null) {
            long before = file.length();
            file.cut((int) abort.subxid(), raw, encoded);
            grown(file.length() - before);
        }
    }

    private void drop(TransactionFile file) throws IOException {
        inProgress.remove(file.xid());
        open.remove(file);
        grown(-file.length());
        file.drop();
    }

    /// Ends a transaction that was committed: its file has its final name now, and is durable after the next [#sync].
    ///
    /// @param message the commit as it was sent
    /// @param wanted  whether the transaction is not here already
    Committed commit(StreamCommit commit, ByteBuffer message, boolean wanted) throws IOException {
        TransactionFile file = inProgress.get((int) commit.xid());
        if (file == null) {
            throw unexpected("was committed, of which nothing was sent", commit.xid());
        }
        file.requireSettled();
        List<byte[]> described = relations.committed(file.described());
        if (wanted) {
            inProgress.remove(file.xid());
            file.commit(directory.transaction(commit.endLsn()));
            grown(-file.length());
        } else {
            drop(file);
        }
        return new Committed(StreamedTransaction.of(commit, message, file.length(), file.crc()), described);
    }

    /// What a commit leaves to be written: the transaction, and what its relations are for all that follow.
    record Committed(StreamedTransaction transaction, List<byte[]> relations) {}

    /// Forgets all transactions in progress, because they come again from their beginning.
    void discard() throws IOException {
        current = null;
        size = 0;
        for (TransactionFile file : List.copyOf(inProgress.values())) {
            drop(file);
        }
        // A write that failed may have left it wrong.
        bytes = 0;
    }

    /// Makes durable what was written before the call. Called by the syncing thread.
    void sync() throws IOException {
        for (TransactionFile file : List.copyOf(open)) {
            if (file.sync()) {
                open.remove(file);
            }
        }
    }

    /// Closes all files, and removes those of transactions in progress. No other thread writes or syncs any more.
    List<IOException> close() {
        List<IOException> refusals = new ArrayList<>();
        for (TransactionFile file : open) {
            try {
                if (file.isComplete()) {
                    file.close();
                } else {
                    file.drop();
                }
            } catch (IOException refusal) {
                refusals.add(refusal);
            }
        }
        return refusals;
    }

    /// A message of a stream block as it would be outside of one.
    static byte[] withoutXid(ByteBuffer message) {
        byte[] bytes = new byte[message.remaining() - Integer.BYTES];
        bytes[0] = message.get(message.position());
        message.get(message.position() + XID_AT + Integer.BYTES, bytes, 1, bytes.length - 1);
        return bytes;
    }
}
