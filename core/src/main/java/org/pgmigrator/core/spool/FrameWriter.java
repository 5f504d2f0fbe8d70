package org.pgmigrator.core.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.decoder.Framing;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputDecoder;
import org.pgmigrator.decoder.PgOutputMessage;

/// Puts frames together to blocks, so that no block holds the end of one transaction and a part of the next. Confined
/// to
/// the thread that writes.
///
/// A frame in a block, big-endian: kind (i8; 1 = a message of the walsender, 2 = an idle position, 3 = a relation
/// that an earlier segment or a streamed transaction has described, 4 = a [StreamedTransaction]), position (i64),
/// length (i32), the message. In a transaction that is larger than a
/// block
/// a frame may begin in one block and end in another.
final class FrameWriter {

    static final byte MESSAGE = 1;
    static final byte IDLE = 2;
    static final byte RELATION = 3;
    static final byte STREAMED = 4;

    static final int FRAME_HEADER_BYTES = 1 + Long.BYTES + Integer.BYTES;

    /// Takes the blocks that are ready.
    interface Blocks {
        /// Writes a block; `end` is what the spool has after it, if it is complete.
        void write(byte[] raw, int length, Block.Kind kind, Lsn end) throws IOException;
    }

    private final Blocks blocks;
    private final KnownRelations relations;
    private final byte[] raw = new byte[Block.MOST_RAW];
    private final byte[] frameHeader = new byte[FRAME_HEADER_BYTES];
    private int size;
    private int boundary;
    private boolean inside;

    /// The transaction is here already, sent again because the source had not heard that it is: only what it says of
    /// relations is new.
    private boolean again;

    private boolean spilled;
    private Lsn end;

    FrameWriter(Blocks blocks, KnownRelations relations, Lsn end) {
        this.blocks = blocks;
        this.relations = relations;
        this.end = end;
    }

    /// Whether a transaction has begun whose commit has not come.
    boolean isInside() {
        return inside;
    }

    /// Takes a message of the walsender.
    void message(Lsn position, ByteBuffer message) throws IOException {
        byte type = message.get(message.position());
        if (type == 'B' && !inside) {
            inside = true;
            again = end.isAfter(new Lsn(message.getLong(message.position() + 1)));
        } else if (type == 'R') {
            relations.describe(message);
        }
        if (!again || type == 'R') {
            put(MESSAGE, position, message.duplicate());
        }
        if (type == 'C') {
            inside = false;
            end = again ? end : end.max(commitEnd(message));
            again = false;
        }
        if (!inside || again) {
            complete();
        }
    }

    private static Lsn commitEnd(ByteBuffer message) {
        return ((PgOutputMessage.Commit) PgOutputDecoder.decode(message.duplicate(), Framing.TOP_LEVEL)).endLsn();
    }

    /// Whether a transaction that was committed there is here already.
    boolean has(Lsn commit) {
        return end.isAfter(commit);
    }

    /// Takes a transaction that lies in a file of its own: it was committed behind all that was written before.
    void streamed(StreamedTransaction transaction) throws IOException {
        flush();
        put(STREAMED, Lsn.INVALID, ByteBuffer.wrap(transaction.encode()));
        end = end.max(transaction.endLsn());
        blocks.write(raw, size, Block.Kind.REFERENCE, end);
        size = 0;
    }

    /// Notes that nothing was committed between the last transaction and this position.
    void idle(Lsn position) throws IOException {
        put(IDLE, position, ByteBuffer.allocate(0));
        end = end.max(position);
        complete();
    }

    /// The transaction that a block of the kind REFERENCE has.
    static Optional<StreamedTransaction> streamed(byte[] raw, int length) {
        return length < FRAME_HEADER_BYTES || raw[0] != STREAMED
                ? Optional.empty()
                : StreamedTransaction.decode(Arrays.copyOfRange(raw, FRAME_HEADER_BYTES, length));
    }

    /// Describes all known relations again, at the beginning of a segment: each one must be readable without those
    /// before it.
    void repeatRelations() throws IOException {
        describe(relations.all());
    }

    /// Describes relations outside of any transaction.
    void describe(List<byte[]> described) throws IOException {
        for (byte[] relation : described) {
            put(RELATION, Lsn.INVALID, ByteBuffer.wrap(relation));
            complete();
        }
    }

    private void put(byte kind, Lsn position, ByteBuffer content) throws IOException {
        ByteBuffer.wrap(frameHeader).put(kind).putLong(position.value()).putInt(content.remaining());
        put(ByteBuffer.wrap(frameHeader));
        put(content);
    }

    private void put(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            if (size == raw.length) {
                makeRoom();
            }
            int part = Math.min(bytes.remaining(), raw.length - size);
            bytes.get(raw, size, part);
            size += part;
        }
    }

    private void makeRoom() throws IOException {
        if (boundary > 0) {
            flush();
        } else {
            blocks.write(raw, size, Block.Kind.PARTIAL, Lsn.INVALID);
            spilled = true;
            size = 0;
        }
    }

    private void complete() throws IOException {
        boundary = size;
        if (spilled) {
            flush();
            spilled = false;
        }
    }

    /// Writes what is complete.
    void flush() throws IOException {
        if (boundary > 0) {
            blocks.write(raw, boundary, Block.Kind.COMPLETE, end);
            System.arraycopy(raw, boundary, raw, 0, size - boundary);
            size -= boundary;
            boundary = 0;
        }
    }

    /// Forgets a transaction whose commit will not come from this connection, and what it has described.
    ///
    /// @return whether parts of it were written
    boolean discardIncomplete() {
        boolean wereWritten = spilled;
        size = boundary;
        inside = false;
        again = false;
        spilled = false;
        relations.clear();
        return wereWritten;
    }
}
