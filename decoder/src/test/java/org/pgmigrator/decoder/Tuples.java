package org.pgmigrator.decoder;

import java.nio.charset.StandardCharsets;
import java.util.List;

/// Tuples for tests, made from their columns.
final class Tuples {

    private Tuples() {}

    /// What a column can be.
    sealed interface Cell {
        record Null() implements Cell {}

        record UnchangedToast() implements Cell {}

        record Text(String value) implements Cell {}

        record Binary(List<Byte> value) implements Cell {}
    }

    static final Cell NULL = new Cell.Null();
    static final Cell UNCHANGED_TOAST = new Cell.UnchangedToast();

    static Cell text(String value) {
        return new Cell.Text(value);
    }

    static Tuple of(Cell... cells) {
        return of(List.of(cells));
    }

    static Tuple of(List<Cell> cells) {
        WireWriter out = new WireWriter();
        int[] starts = new int[cells.size() + 1];
        for (int column = 0; column < cells.size(); column++) {
            starts[column] = out.toByteArray().length;
            write(cells.get(column), out);
        }
        starts[cells.size()] = out.toByteArray().length;
        return new Tuple(out.toByteArray(), 0, starts);
    }

    private static void write(Cell cell, WireWriter out) {
        switch (cell) {
            case Cell.Null() -> out.int8(Tuple.NULL);
            case Cell.UnchangedToast() -> out.int8(Tuple.UNCHANGED_TOAST);
            case Cell.Text text -> value(Tuple.TEXT, text.value().getBytes(StandardCharsets.UTF_8), out);
            case Cell.Binary binary -> value(Tuple.BINARY, array(binary.value()), out);
        }
    }

    private static void value(char kind, byte[] value, WireWriter out) {
        out.int8(kind).int32(value.length).raw(value);
    }

    private static byte[] array(List<Byte> values) {
        byte[] array = new byte[values.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = values.get(i);
        }
        return array;
    }
}
