package org.pgmigrator.decoder;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/// A row of a message: its columns in the order of the [PgOutputMessage.Relation], as slices of the received bytes.
///
/// Each column is exactly one of four things: **null**, an **unchanged TOAST** value that the server did not send (the
/// table still has it), a value in **text** form, or a value in **binary** form. Null and unchanged TOAST have no
/// bytes,
/// and asking for them is an [IllegalStateException]; an empty string is a value of length 0.
///
/// There is no object per value. The tuple keeps the array that the message came in and one offset per column:
///
/// ```
///  starts[0]                 starts[1]  starts[2]                                                      starts[3]
///  │                         │          │                                                              │
///  't' 00 00 00 02 '4' '2'   'n'        't' 00 00 00 05 'A' 'l' 'i' 'c' 'e'
/// ```
///
/// Equal when every column is of the same kind with the same bytes; a value in text form is never equal to one in
/// binary form. Immutable, as long as nobody writes into the decoded buffer.
public final class Tuple {

    private static final VarHandle INT64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    static final char NULL = 'n';
    static final char UNCHANGED_TOAST = 'u';
    static final char TEXT = 't';
    static final char BINARY = 'b';

    /// What stands before the bytes of a value: its kind and its length.
    static final int VALUE_HEADER = 1 + Integer.BYTES;

    private final byte[] array;
    private final int messageStart;
    private final int[] starts;
    private final boolean unchangedToast;

    /// @param messageStart where in `array` the message begins that this tuple is a part of
    /// @param starts where in `array` each column begins, and one more: where the last one ends; not copied, and
    /// checked
    ///     by the caller to be well-formed
    Tuple(byte[] array, int messageStart, int[] starts) {
        this.array = array;
        this.messageStart = messageStart;
        this.starts = starts;
        this.unchangedToast = anyUnchangedToast();
    }

    public int columnCount() {
        return starts.length - 1;
    }

    public boolean isNull(int column) {
        return kind(column) == NULL;
    }

    /// Whether the value is unchanged and was not sent, because it lies outside the row. It may only be left alone.
    public boolean isUnchangedToast(int column) {
        return kind(column) == UNCHANGED_TOAST;
    }

    /// Whether any column is unchanged TOAST.
    public boolean hasUnchangedToast() {
        return unchangedToast;
    }

    private boolean anyUnchangedToast() {
        for (int column = 0; column < columnCount(); column++) {
            if (array[starts[column]] == UNCHANGED_TOAST) {
                return true;
            }
        }
        return false;
    }

    /// Whether both columns are of the same kind with the same bytes.
    public boolean sameValue(int column, Tuple other, int otherColumn) {
        return Arrays.equals(
                array,
                starts[Objects.checkIndex(column, columnCount())],
                starts[column + 1],
                other.array,
                other.starts[Objects.checkIndex(otherColumn, other.columnCount())],
                other.starts[otherColumn + 1]);
    }

    /// A hash that is equal wherever [#sameValue] is true.
    public int valueHash(int column) {
        int at = starts[Objects.checkIndex(column, columnCount())];
        int end = starts[column + 1];
        long hash = (long) end - at;
        for (; at + Long.BYTES <= end; at += Long.BYTES) {
            hash = mixed(hash ^ (long) INT64.get(array, at));
        }
        for (; at < end; at++) {
            hash = Long.rotateLeft(hash, Byte.SIZE) ^ (array[at] & 0xFF);
        }
        hash = mixed(hash);
        return (int) (hash ^ (hash >>> 32));
    }

    /// Spreads each bit over the upper half, and that over the lower.
    private static long mixed(long hash) {
        long product = hash * 0x9E3779B97F4A7C15L;
        return product ^ (product >>> 29);
    }

    /// Whether there is a value, in the form of the type's output function.
    public boolean isText(int column) {
        return kind(column) == TEXT;
    }

    /// Whether there is a value, in the form of the type's send function.
    public boolean isBinary(int column) {
        return kind(column) == BINARY;
    }

    /// The number of bytes of a value.
    ///
    /// @throws IllegalStateException if the column is null or unchanged TOAST, as for every method about bytes
    public int length(int column) {
        requireValue(column);
        return starts[column + 1] - starts[column] - VALUE_HEADER;
    }

    /// Where in [#array] the bytes of a value begin.
    public int offset(int column) {
        requireValue(column);
        return starts[column] + VALUE_HEADER;
    }

    /// The array that the message came in, shared and to be read only, for those who can't afford a copy.
    public byte[] array() {
        return array;
    }

    /// A copy of a value's bytes.
    public byte[] bytes(int column) {
        return Arrays.copyOfRange(array, offset(column), starts[column + 1]);
    }

    public void copyTo(int column, OutputStream target) throws IOException {
        target.write(array, offset(column), length(column));
    }

    /// A value in text form.
    ///
    /// @throws IllegalStateException if the column has no value or one in binary form
    /// @throws DecodeException if the value is not UTF-8: it would not survive as a String
    public String text(int column) {
        if (!isText(column)) {
            throw new IllegalStateException("column " + column + " is " + describe(column) + ", not text");
        }
        return Utf8.decode(array, offset(column), length(column))
                .orElseThrow(() -> new DecodeException(
                        (char) (array[messageStart] & 0xFF),
                        offset(column) - messageStart,
                        "UTF-8 text in column " + column,
                        "other bytes"));
    }

    /// The bytes of all values together, without what the protocol puts around them.
    public int byteSize() {
        int size = 0;
        for (int column = 0; column < columnCount(); column++) {
            if (hasValue(column)) {
                size += length(column);
            }
        }
        return size;
    }

    private byte kind(int column) {
        return array[starts[Objects.checkIndex(column, columnCount())]];
    }

    private boolean hasValue(int column) {
        byte kind = kind(column);
        return kind == TEXT || kind == BINARY;
    }

    private void requireValue(int column) {
        if (!hasValue(column)) {
            throw new IllegalStateException("column " + column + " is " + describe(column) + " and has no bytes");
        }
    }

    private String describe(int column) {
        return switch (kind(column)) {
            case NULL -> "null";
            case UNCHANGED_TOAST -> "unchanged TOAST";
            case TEXT -> "text of " + length(column) + " bytes";
            case BINARY -> "binary of " + length(column) + " bytes";
            default -> throw new IllegalStateException("the decoded buffer was overwritten");
        };
    }

    @Override
    public boolean equals(Object other) {
        // Columns lie side by side and carry their kind and length, so equal bytes are equal rows.
        return other instanceof Tuple that
                && columnCount() == that.columnCount()
                && Arrays.equals(array, starts[0], end(), that.array, that.starts[0], that.end());
    }

    @Override
    public int hashCode() {
        int hash = 1;
        for (int i = starts[0]; i < end(); i++) {
            hash = 31 * hash + array[i];
        }
        return hash;
    }

    private int end() {
        return starts[columnCount()];
    }

    /// Kinds and lengths alone: values don't belong in logs.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("Tuple[");
        for (int column = 0; column < columnCount(); column++) {
            text.append(column == 0 ? "" : ", ").append(describe(column));
        }
        return text.append(']').toString();
    }
}
