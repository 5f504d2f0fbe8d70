package org.pgmigrator.core.apply;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import org.pgmigrator.decoder.Tuple;

/// The order in which the rows of a window are written: near that of the index which finds them, so that rows of one
/// page come together. Nothing else depends on it.
final class KeyOrder {

    private static final VarHandle INT32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private static final int MAX_DIGITS = 15;

    private KeyOrder() {}

    /// A number that orders most keys by their first column alone: integers exactly, other values by their beginning.
    static long of(Tuple tuple, int column) {
        byte[] array = tuple.array();
        int offset = tuple.offset(column);
        int length = tuple.length(column);
        if (tuple.isBinary(column)) {
            return switch (length) {
                case Integer.BYTES -> (int) INT32.get(array, offset);
                case Long.BYTES -> (long) INT64.get(array, offset);
                default -> beginning(array, offset, Math.min(length, Long.BYTES));
            };
        }
        // Digits differ in the lower half of their byte only, and a number with fewer of them is smaller.
        long order = Math.min(length, MAX_DIGITS);
        for (int i = 0; i < MAX_DIGITS; i++) {
            order = order << 4 | (i < length ? array[offset + i] & 0xF : 0);
        }
        return order;
    }

    private static long beginning(byte[] array, int offset, int length) {
        long order = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            order = order << 8 | (i < length ? array[offset + i] & 0xFF : 0);
        }
        return order ^ Long.MIN_VALUE;
    }

    /// By [#of]; rows that this leaves equal by all columns of the key.
    static Comparator<NetRow> by(int[] key) {
        if (key.length == 1) {
            return Comparator.comparingLong(NetRow::order);
        }
        return (a, b) -> {
            int order = Long.compare(a.order(), b.order());
            for (int i = 1; order == 0 && i < key.length; i++) {
                order = compare(a.key(), b.key(), key[i]);
            }
            return order;
        };
    }

    /// Shorter values first, so that numbers come in their order in text form too.
    private static int compare(Tuple left, Tuple right, int column) {
        int order = Integer.compare(left.length(column), right.length(column));
        return order != 0
                ? order
                : Arrays.compareUnsigned(
                        left.array(),
                        left.offset(column),
                        left.offset(column) + left.length(column),
                        right.array(),
                        right.offset(column),
                        right.offset(column) + right.length(column));
    }
}
