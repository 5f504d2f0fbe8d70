package org.pgmigrator.decoder;

/// A position in the write-ahead log: a byte address, unsigned, written as two hexadecimal halves (`16/B374D848`).
///
/// Thread-safe: immutable. Source: https://www.postgresql.org/docs/current/datatype-pg-lsn.html
///
/// @param value the 64 bits of the position, to be read as unsigned
public record Lsn(long value) implements Comparable<Lsn> {

    /// `0/0`, PostgreSQL's InvalidXLogRecPtr: no position.
    public static final Lsn INVALID = new Lsn(0);

    /// Reads the form that PostgreSQL prints.
    ///
    /// @throws IllegalArgumentException if `text` is not two groups of 1 to 8 hexadecimal digits with a slash between
    public static Lsn parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 1 || slash > 8 || text.length() - slash < 2 || text.length() - slash > 9) {
            throw new IllegalArgumentException("not an LSN: \"" + text + "\"");
        }
        return new Lsn(hex(text, 0, slash) << 32 | hex(text, slash + 1, text.length()));
    }

    private static long hex(String text, int from, int to) {
        long result = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw new IllegalArgumentException("not an LSN: \"" + text + "\"");
            }
            result = result << 4 | digit;
        }
        return result;
    }

    public boolean isValid() {
        return value != 0;
    }

    public boolean isAfter(Lsn other) {
        return compareTo(other) > 0;
    }

    public boolean isAtLeast(Lsn other) {
        return compareTo(other) >= 0;
    }

    public Lsn max(Lsn other) {
        return isAtLeast(other) ? this : other;
    }

    /// Bytes of WAL from `other` up to this position: 0 if this one is not after `other`.
    public long bytesSince(Lsn other) {
        return isAfter(other) ? value - other.value : 0;
    }

    @Override
    public int compareTo(Lsn other) {
        return Long.compareUnsigned(value, other.value);
    }

    @Override
    public String toString() {
        return Long.toHexString(value >>> 32).toUpperCase(java.util.Locale.ROOT)
                + "/"
                + Long.toHexString(value & 0xFFFF_FFFFL).toUpperCase(java.util.Locale.ROOT);
    }
}
