package org.pgmigrator.core.apply;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.decoder.Tuple;

/// Which lane a row belongs to by its key: consecutive keys of one range to one lane, the next range to any.
///
/// The answer must never change while lanes are apart, so it depends on the values alone: not on the form in which they
/// come, nor on the process that asks. Only types whose equal values have one form are divided so.
final class KeySplit {

    /// No lane: the row must be written by all lanes together.
    static final int NONE = -1;

    /// Also the lowest of all numbers, which is divided as little.
    private static final long NO_NUMBER = Long.MIN_VALUE;

    private static final int UUID_BITS = 128;
    private static final int MAX_DIGITS = 19;

    private final int[] columns;
    private final List<Kind> kinds;
    private final int range;

    /// @param columns positions of the key's columns in the relation
    /// @param kinds   one for each of them
    /// @param range   how many consecutive numbers are kept together
    private KeySplit(List<Integer> columns, List<Kind> kinds, int range) {
        this.columns = columns.stream().mapToInt(Integer::intValue).toArray();
        this.kinds = List.copyOf(kinds);
        this.range = range;
    }

    /// How a value becomes a number.
    enum Kind {
        INTEGER,
        UUID;

        /// @param baseType as in [TargetTable.TargetColumn]
        static Optional<Kind> of(String baseType) {
            return switch (baseType) {
                case "int2", "int4", "int8" -> Optional.of(INTEGER);
                case "uuid" -> Optional.of(UUID);
                default -> Optional.empty();
            };
        }
    }

    /// By the columns of a table's key that have these names; empty if the table lacks one, or if equal values of one
    /// may differ in their form.
    static Optional<KeySplit> of(TargetTable table, List<String> names, int range) {
        List<Integer> columns = new ArrayList<>();
        List<Kind> kinds = new ArrayList<>();
        for (int position = 0; position < table.columns().size(); position++) {
            TargetTable.TargetColumn column = table.columns().get(position);
            if (names.contains(column.name())) {
                columns.add(position);
                Kind.of(column.baseType()).ifPresent(kinds::add);
            }
        }
        return columns.isEmpty() || columns.size() != names.size() || kinds.size() != names.size()
                ? Optional.empty()
                : Optional.of(new KeySplit(columns, kinds, range));
    }

    /// The number of the lane, or [#NONE] if the row's key is not there or not of these types.
    int lane(Tuple row, int lanes) {
        long hash = 0;
        for (int i = 0; i < columns.length; i++) {
            int column = columns[i];
            if (!row.isText(column) && !row.isBinary(column)) {
                return NONE;
            }
            long value = switch (kinds.get(i)) {
                case INTEGER -> integer(row, column);
                case UUID -> uuid(row, column);
            };
            if (value == NO_NUMBER) {
                return NONE;
            }
            hash = mixed(hash ^ value);
        }
        return (int) Long.remainderUnsigned(hash, lanes);
    }

    private long integer(Tuple row, int column) {
        byte[] array = row.array();
        int at = row.offset(column);
        int end = at + row.length(column);
        long number = 0;
        if (row.isBinary(column)) {
            if (at == end || end - at > Long.BYTES) {
                return NO_NUMBER;
            }
            number = array[at] < 0 ? -1 : 0;
            for (; at < end; at++) {
                number = number << Byte.SIZE | (array[at] & 0xFF);
            }
        } else {
            boolean negative = at < end && array[at] == '-';
            at += negative ? 1 : 0;
            if (at == end || end - at > MAX_DIGITS) {
                return NO_NUMBER;
            }
            for (; at < end; at++) {
                if (array[at] < '0' || array[at] > '9') {
                    return NO_NUMBER;
                }
                // Towards the negative, which has room for one number more.
                number = number * 10 - (array[at] - '0');
            }
            number = negative ? number : -number;
        }
        return Math.floorDiv(number, range);
    }

    private static long uuid(Tuple row, int column) {
        byte[] array = row.array();
        int at = row.offset(column);
        int end = at + row.length(column);
        long high = 0;
        long low = 0;
        int digits = 0;
        for (; at < end; at++) {
            int width = row.isBinary(column) ? Byte.SIZE : Byte.SIZE / 2;
            int next = row.isBinary(column) ? array[at] & 0xFF : Character.digit(array[at], 16);
            if (next < 0) {
                if (array[at] != '-') {
                    return NO_NUMBER;
                }
            } else {
                high = high << width | low >>> (Long.SIZE - width);
                low = low << width | next;
                digits += width;
            }
        }
        return digits == UUID_BITS ? mixed(mixed(high) ^ low) : NO_NUMBER;
    }

    /// Spreads each bit over the upper half, and that over the lower, twice: neighbours go anywhere.
    private static long mixed(long hash) {
        long product = (hash ^ (hash >>> 32)) * 0x9E3779B97F4A7C15L;
        product = (product ^ (product >>> 29)) * 0xBF58476D1CE4E5B9L;
        return product ^ (product >>> 32);
    }
}
