package org.pgmigrator.decoder;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.time.Instant;

/// The fields of one message, read from left to right and never beyond its end.
///
/// `what` names a field for the [DecodeException]. Counts and lengths are compared with the bytes that are left before
/// anything is allocated for them. One use, one thread.
final class MessageReader {

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    /// PostgreSQL counts microseconds from here.
    private static final long EPOCH_SECONDS =
            Instant.parse("2000-01-01T00:00:00Z").getEpochSecond();

    private static final long MICROS_PER_SECOND = 1_000_000;

    private final byte[] array;
    private final int start;
    private final int end;
    private final Framing framing;
    private int at;

    MessageReader(byte[] array, int start, int end, Framing framing) {
        this.array = array;
        this.start = start;
        this.end = end;
        this.framing = framing;
        this.at = start;
    }

    int uint8(String what) {
        return array[advance(Byte.BYTES, what)] & 0xFF;
    }

    int uint16(String what) {
        return (short) SHORT.get(array, advance(Short.BYTES, what)) & 0xFFFF;
    }

    int int32(String what) {
        return (int) INT.get(array, advance(Integer.BYTES, what));
    }

    long uint32(String what) {
        return Integer.toUnsignedLong(int32(what));
    }

    long int64(String what) {
        return (long) LONG.get(array, advance(Long.BYTES, what));
    }

    /// Any position, 0/0 included.
    Lsn lsn(String what) {
        return new Lsn(int64(what));
    }

    /// A position that the server must have set.
    Lsn assignedLsn(String what) {
        int where = position();
        Lsn lsn = lsn(what);
        if (!lsn.isValid()) {
            throw malformed(where, what + " other than 0/0", "0/0");
        }
        return lsn;
    }

    long xid(String what) {
        int where = position();
        long xid = uint32(what);
        if (xid == 0) {
            throw malformed(where, what + " other than 0", "0");
        }
        return xid;
    }

    /// The xid that content carries in a stream block, and 0 where it carries none.
    long contentXid() {
        return switch (framing) {
            case TOP_LEVEL -> 0;
            case STREAM_BLOCK -> xid("xid");
        };
    }

    Instant time(String what) {
        long micros = int64(what);
        return Instant.ofEpochSecond(
                EPOCH_SECONDS + Math.floorDiv(micros, MICROS_PER_SECOND),
                Math.floorMod(micros, MICROS_PER_SECOND) * 1_000);
    }

    /// A byte of flags of which only those in `known` may be set.
    int flags(int known, String what) {
        int where = position();
        int flags = uint8(what);
        if ((flags & ~known) != 0) {
            throw malformed(where, what + " within 0x%02X".formatted(known), "0x%02X".formatted(flags));
        }
        return flags;
    }

    /// The byte that is reserved for flags and has none so far. One that is set would change what the message means.
    void noFlags() {
        flags(0, "flags");
    }

    boolean bool(String what) {
        return flags(1, what) == 1;
    }

    /// Text up to the next NUL.
    String string(String what) {
        int where = position();
        int from = at;
        while (at < end && array[at] != 0) {
            at++;
        }
        if (at == end) {
            throw malformed(where, what + " with a NUL behind it", "the end of the message");
        }
        int length = at - from;
        at++;
        return Utf8.decode(array, from, length)
                .orElseThrow(() -> malformed(where, what + " in UTF-8", length + " bytes of something else"));
    }

    /// A number of things of at least `bytesEach` bytes, which must all fit into the rest of the message.
    int requireRoomFor(int where, long count, int bytesEach, String what) {
        if (count < 0 || count * bytesEach > remaining()) {
            throw malformed(where, what + " that fits into " + remaining() + " bytes", Long.toString(count));
        }
        return (int) count;
    }

    /// Bytes with their length before them.
    Bytes bytes() {
        int length = length();
        return new Bytes(array, advance(length, "bytes"), length);
    }

    Tuple tuple() {
        int where = position();
        int[] starts = new int[requireRoomFor(where, uint16("column count"), 1, "column count") + 1];
        for (int column = 0; column < starts.length - 1; column++) {
            starts[column] = at;
            skipValue();
        }
        starts[starts.length - 1] = at;
        return new Tuple(array, start, starts);
    }

    private void skipValue() {
        int where = position();
        int kind = uint8("column kind");
        switch (kind) {
            case Tuple.NULL, Tuple.UNCHANGED_TOAST -> {}
            case Tuple.TEXT, Tuple.BINARY -> advance(length(), "value");
            default -> throw malformed(where, "column kind 'n', 'u', 't' or 'b'", DecodeException.show(kind));
        }
    }

    private int length() {
        int where = position();
        return requireRoomFor(where, int32("length"), 1, "length");
    }

    /// Says that nothing more belongs to the message.
    void requireEnd() {
        if (remaining() > 0) {
            throw malformed(position(), "the end of the message", remaining() + " more bytes");
        }
    }

    boolean nextIs(int code) {
        return at < end && array[at] == code;
    }

    int remaining() {
        return end - at;
    }

    /// Bytes read so far.
    int position() {
        return at - start;
    }

    /// @param where a place in the message, as given by [#position]
    DecodeException malformed(int where, String expected, String found) {
        char messageType = start < end ? (char) (array[start] & 0xFF) : 0;
        return new DecodeException(messageType, where, expected, found);
    }

    private int advance(int length, String what) {
        if (length > remaining()) {
            throw malformed(position(), what + " of " + length + " bytes", remaining() + " bytes");
        }
        int before = at;
        at += length;
        return before;
    }
}
