package org.pgmigrator.core.apply.differential;

import java.util.ArrayList;
import java.util.List;

/// Short stories of a few rows, each made of statements of one session: the orders that a careless fold gets wrong.
/// Where transactions begin and end inside them is decided elsewhere.
final class Motifs {

    private Motifs() {}

    static List<String> any(Table table, Slice slice) {
        // Many inserts, or the deletes would leave nothing to change.
        if (slice.chance(25)) {
            return List.of(insertSome(table, slice));
        }
        return switch (table.changes()) {
            case INSERT_ONLY -> List.of(insertSome(table, slice));
            case KEEP_KEY -> keepingKeys(table, slice);
            case ALL -> slice.chance(50) ? keepingKeys(table, slice) : changingKeys(table, slice);
        };
    }

    private static List<String> keepingKeys(Table table, Slice slice) {
        int row = slice.index();
        if (!table.uniqueColumns().isEmpty() && slice.chance(35)) {
            return exchangeUnique(table, slice);
        }
        return switch (slice.random().nextInt(10)) {
            case 0, 1 -> List.of(insertSome(table, slice));
            case 2 -> List.of(upsert(table, slice, row));
            case 3 -> List.of(table.update(slice, row));
            case 4 -> List.of(table.update(slice, List.of(row, slice.index(), slice.index())));
            case 5 -> List.of(table.update(slice, row), table.update(slice, row), table.update(slice, row));
            case 6 -> List.of(table.delete(slice, row));
            case 7 -> List.of(table.deleteAll(slice, List.of(row, slice.index())));
            case 8 -> List.of(table.delete(slice, row), table.insert(slice, row), table.update(slice, row));
            default ->
                List.of(
                        table.insertMissing(slice, List.of(row)),
                        table.update(slice, row),
                        slice.chance(50) ? table.delete(slice, row) : table.update(slice, row));
        };
    }

    private static List<String> changingKeys(Table table, Slice slice) {
        int first = slice.index();
        int second = slice.indexBeside(first);
        int spare = slice.spare();
        return switch (slice.random().nextInt(10)) {
            case 0 -> List.of(table.move(slice, first, second));
            case 1, 2 -> swap(table, slice, first, second);
            case 3 ->
                // What is absent from the last update belongs to the row that came from the second place.
                List.of(
                        table.delete(slice, first),
                        table.move(slice, second, first),
                        table.update(slice, first),
                        table.insert(slice, second));
            case 4 ->
                List.of(
                        table.move(slice, first, spare),
                        table.insert(slice, first),
                        table.update(slice, first),
                        table.update(slice, spare),
                        table.delete(slice, spare));
            case 5 ->
                List.of(
                        table.move(slice, first, spare),
                        table.update(slice, spare),
                        table.move(slice, spare, first),
                        table.update(slice, first));
            case 6 ->
                List.of(
                        table.update(slice, first),
                        table.move(slice, first, spare),
                        table.delete(slice, spare),
                        table.insertMissing(slice, List.of(first, second)));
            case 7 -> List.of(moveAndChange(table, slice, first, second), table.update(slice, second));
            // The same key, perhaps in other bytes.
            case 8 -> List.of(table.move(slice, first, first), table.update(slice, first));
            default -> shift(table, slice);
        };
    }

    /// Two rows change places through a third; their large values stay unsent.
    private static List<String> swap(Table table, Slice slice, int first, int second) {
        int spare = slice.spare();
        List<String> statements = new ArrayList<>();
        if (slice.chance(50)) {
            statements.add(table.insertMissing(slice, List.of(first, second)));
        }
        if (slice.chance(30)) {
            statements.add(table.update(slice, first));
        }
        statements.add(table.move(slice, first, spare));
        if (slice.chance(30)) {
            statements.add(table.update(slice, spare));
        }
        statements.add(table.move(slice, second, first));
        if (slice.chance(30)) {
            statements.add(table.update(slice, first));
        }
        statements.add(table.move(slice, spare, second));
        if (slice.chance(50)) {
            statements.add(table.update(slice, second));
        }
        return statements;
    }

    private static String moveAndChange(Table table, Slice slice, int from, int to) {
        List<Table.Column> plain = table.plainColumns();
        if (plain.isEmpty()) {
            return table.move(slice, from, to);
        }
        Table.Column column = plain.get(slice.random().nextInt(plain.size()));
        return table.set(
                slice,
                table.assignKey(slice, to) + ", " + column.name() + " = "
                        + column.literal().next(slice.random(), to),
                from);
    }

    /// All rows of the slice move by one place: each takes the key that its neighbour gives up.
    private static List<String> shift(Table table, Slice slice) {
        if (!table.numericKey()) {
            return List.of(table.move(slice, slice.index(), slice.spare()), table.delete(slice, slice.spare()));
        }
        String key = table.key().getFirst().name();
        int by = slice.chance(50) ? Slice.COUNT : -Slice.COUNT;
        String where = " where " + key + " % " + Slice.COUNT + " = " + slice.number() + " and " + key;
        String and = slice.chance(50) ? " between " + slice.index() + " and 99" : " between 0 and 99";
        return List.of("update " + table.name() + " set " + key + " = " + key + " + " + by + where + and);
    }

    /// A unique value is given up and taken by another row.
    private static List<String> exchangeUnique(Table table, Slice slice) {
        List<Table.Column> unique = table.uniqueColumns();
        int first = slice.index();
        int second = slice.indexBeside(first);
        Table.Column column = unique.get(slice.random().nextInt(unique.size()));
        String name = column.name();
        String one = column.literal().next(slice.random(), first);
        String two = column.literal().next(slice.random(), second);
        String three = column.literal().next(slice.random(), slice.spare());
        if (List.of(one, two, three).contains("NULL")) {
            return List.of(table.set(slice, name + " = NULL", first), table.set(slice, name + " = " + one, second));
        }
        String update = "update " + table.name() + " set " + name + " = ";
        String where = " where " + name + " = ";
        return switch (slice.random().nextInt(5)) {
            case 0 ->
                List.of(
                        update + three + where + one,
                        update + one + where + two,
                        slice.chance(80) ? update + two + where + three : table.update(slice, first));
            case 1 ->
                List.of(
                        update + three + where + one,
                        table.update(slice, second),
                        table.set(slice, name + " = " + one, second),
                        table.set(slice, name + " = " + one, first));
            case 2 ->
                List.of(
                        "delete from " + table.name() + where + one,
                        table.set(slice, name + " = " + one, second),
                        table.insertMissing(slice, List.of(first)));
            case 3 ->
                List.of(
                        update + "case " + name + " when " + one + " then " + two + " else " + one + " end where "
                                + name + " in (" + one + ", " + two + ")",
                        table.update(slice, first));
            default ->
                List.of(
                        table.insertMissing(slice, List.of(second)),
                        "delete from " + table.name() + where + two,
                        table.insert(slice, slice.index()),
                        update + two + where + one);
        };
    }

    private static String upsert(Table table, Slice slice, int row) {
        return table.arbiter().isPresent() && !table.others().isEmpty()
                ? table.upsert(slice, row)
                : table.insert(slice, row);
    }

    private static String insertSome(Table table, Slice slice) {
        List<Integer> rows = new ArrayList<>();
        if (table.arbiter().isPresent() && slice.chance(50)) {
            for (int row = 1; row <= Slice.ROWS; row++) {
                rows.add(row * Slice.COUNT + slice.number());
            }
            return table.insertMissing(slice, rows);
        }
        int count = slice.chance(10) ? 25 : 1 + slice.random().nextInt(4);
        for (int i = 0; i < count; i++) {
            rows.add(slice.index());
        }
        return table.insertMissing(slice, rows);
    }
}
