package org.pgmigrator.decoder;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Bytes without a meaning of their own, as a slice of the received message. Equal when their content is.
///
/// Immutable, as long as nobody writes into the decoded buffer.
public final class Bytes {

    private final byte[] array;
    private final int offset;
    private final int length;

    /// A slice of `array`, which is not copied.
    Bytes(byte[] array, int offset, int length) {
        this.array = array;
        this.offset = offset;
        this.length = length;
    }

    /// The UTF-8 form of `text`, to be compared with what was received.
    public static Bytes ofUtf8(String text) {
        byte[] array = text.getBytes(StandardCharsets.UTF_8);
        return new Bytes(array, 0, array.length);
    }

    public int length() {
        return length;
    }

    public byte[] toByteArray() {
        return Arrays.copyOfRange(array, offset, offset + length);
    }

    public void copyTo(OutputStream target) throws IOException {
        target.write(array, offset, length);
    }

    /// The bytes read as UTF-8, for people: what is not UTF-8 becomes U+FFFD. To compare, use [#equals].
    public String text() {
        return new String(array, offset, length, StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that
                && Arrays.equals(array, offset, offset + length, that.array, that.offset, that.offset + that.length);
    }

    @Override
    public int hashCode() {
        int hash = 1;
        for (int i = offset; i < offset + length; i++) {
            hash = 31 * hash + array[i];
        }
        return hash;
    }

    /// The length alone: contents don't belong in logs.
    @Override
    public String toString() {
        return "Bytes[" + length + "]";
    }
}
