package org.pgmigrator.core.spool;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.pgmigrator.decoder.Lsn;

/// The first bytes of a segment file: whose it is and where it stands in the order.
///
/// Layout, big-endian: the text `PGMSPOOL`, the length of the body (i32), the body, its CRC32C (i32). Body: format
/// version
/// and protocol version (i16 each), flags (i32, 1 = binary), id (16 bytes), timeline (i32), consistent point, number,
/// from, length of the previous one, number of the transactions it refers to, size of their files (i64 each), system
/// identifier and slot (i16 length, UTF-8 each).
///
/// @param number         of the segment; they follow each other without a gap
/// @param from           everything that was committed before it is in earlier segments, or was on the target already
record SegmentHeader(SpoolIdentity identity, long number, Lsn from, Previous previous) {

    /// The segment before, as it was when it was closed.
    ///
    /// @param transactions     how many streamed transactions it refers to
    /// @param transactionBytes size of the files of these
    record Previous(long length, long transactions, long transactionBytes) {
        static final Previous NONE = new Previous(0, 0, 0);
    }

    /// Of the layout of segments. Another one is refused.
    static final int FORMAT_VERSION = 2;

    /// Of pgoutput. With 2, large transactions come while they are in progress.
    private static final int PROTOCOL_VERSION = 2;

    private static final byte[] MAGIC = "PGMSPOOL".getBytes(StandardCharsets.US_ASCII);
    private static final int FLAG_BINARY = 1;
    private static final int LONGEST_BODY = 4096;
    private static final int FIXED = MAGIC.length + Integer.BYTES;

    byte[] encode() {
        ByteBuffer body = ByteBuffer.allocate(LONGEST_BODY)
                .putShort((short) FORMAT_VERSION)
                .putShort((short) PROTOCOL_VERSION)
                .putInt(identity.binary() ? FLAG_BINARY : 0)
                .putLong(identity.id().getMostSignificantBits())
                .putLong(identity.id().getLeastSignificantBits())
                .putInt(identity.timeline())
                .putLong(identity.consistentPoint().value())
                .putLong(number)
                .putLong(from.value())
                .putLong(previous.length())
                .putLong(previous.transactions())
                .putLong(previous.transactionBytes());
        putText(body, identity.systemIdentifier());
        putText(body, identity.slot());
        body.flip();
        ByteBuffer all = ByteBuffer.allocate(FIXED + body.remaining() + Integer.BYTES)
                .put(MAGIC)
                .putInt(body.remaining())
                .put(body);
        return all.putInt(crc(all.array(), all.position())).array();
    }

    private static void putText(ByteBuffer body, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        body.putShort((short) bytes.length).put(bytes);
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    /// Of the header alone: the first block follows it.
    int length() {
        return encode().length;
    }

    /// Reads it from the beginning of a file.
    ///
    /// @return empty if it is not whole, or not what was written
    static Optional<SegmentHeader> read(RandomAccessFile file) throws IOException {
        long length = file.length();
        if (length < FIXED) {
            return Optional.empty();
        }
        file.seek(0);
        byte[] start = new byte[FIXED];
        file.readFully(start);
        int bodyLength = ByteBuffer.wrap(start).getInt(MAGIC.length);
        if (bodyLength < 0 || bodyLength > LONGEST_BODY || length < FIXED + bodyLength + Integer.BYTES) {
            return Optional.empty();
        }
        byte[] all = new byte[FIXED + bodyLength + Integer.BYTES];
        file.seek(0);
        file.readFully(all);
        return decode(all, bodyLength);
    }

    private static Optional<SegmentHeader> decode(byte[] all, int bodyLength) {
        ByteBuffer buffer = ByteBuffer.wrap(all);
        byte[] magic = new byte[MAGIC.length];
        buffer.get(magic);
        if (!java.util.Arrays.equals(magic, MAGIC)
                || buffer.getInt(FIXED + bodyLength) != crc(all, FIXED + bodyLength)) {
            return Optional.empty();
        }
        try {
            return Optional.of(body(buffer.slice(FIXED, bodyLength)));
        } catch (BufferUnderflowException otherLayout) {
            return Optional.empty();
        }
    }

    private static SegmentHeader body(ByteBuffer body) {
        int format = body.getShort();
        int protocol = body.getShort();
        if (format != FORMAT_VERSION || protocol != PROTOCOL_VERSION) {
            throw new OtherVersion(format, protocol);
        }
        boolean binary = (body.getInt() & FLAG_BINARY) != 0;
        UUID id = new UUID(body.getLong(), body.getLong());
        int timeline = body.getInt();
        Lsn consistentPoint = new Lsn(body.getLong());
        long number = body.getLong();
        Lsn from = new Lsn(body.getLong());
        Previous previous = new Previous(body.getLong(), body.getLong(), body.getLong());
        String systemIdentifier = text(body);
        String slot = text(body);
        return new SegmentHeader(
                new SpoolIdentity(id, systemIdentifier, timeline, slot, consistentPoint, binary),
                number,
                from,
                previous);
    }

    private static String text(ByteBuffer body) {
        byte[] bytes = new byte[body.getShort()];
        body.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// Written by another version of this program.
    static final class OtherVersion extends RuntimeException {
        private static final long serialVersionUID = 1L;

        OtherVersion(int format, int protocol) {
            super("it was written in format " + format + " with protocol " + protocol + "; this program reads format "
                    + FORMAT_VERSION + " with protocol " + PROTOCOL_VERSION);
        }
    }
}
