package org.pgmigrator.decoder;

/// Bytes that are not a pgoutput message, with the place where that showed.
///
/// It never quotes a value of a row, only lengths, codes and counts.
public final class DecodeException extends RuntimeException {

    private final char messageType;
    private final int byteOffset;
    private final String expected;
    private final String found;

    public DecodeException(char messageType, int byteOffset, String expected, String found) {
        super("malformed pgoutput message%s: expected %s at byte %d, found %s"
                .formatted(messageType == 0 ? "" : " of type " + show(messageType), expected, byteOffset, found));
        this.messageType = messageType;
        this.byteOffset = byteOffset;
        this.expected = expected;
        this.found = found;
    }

    /// The message's first byte, `\0` if it has none.
    public char messageType() {
        return messageType;
    }

    /// Where the offending field begins, counted from the message's first byte.
    public int byteOffset() {
        return byteOffset;
    }

    public String expected() {
        return expected;
    }

    public String found() {
        return found;
    }

    /// A byte for people: `'B'`, or `0x80` if it is no printable ASCII.
    static String show(int code) {
        return code > ' ' && code < 127 ? "'" + (char) code + "'" : "0x%02X".formatted(code);
    }
}
