package org.pgmigrator.core.apply.differential;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// A table of the workload: how it is made, and the statements that change its rows. Immutable after [Builder].
///
/// @param name      in SQL, qualified
/// @param key       what identifies a row in a statement; with `duplicates` several rows may share it
/// @param arbiter   the key's columns for ON CONFLICT, if they have an immediate unique index
/// @param numericKey whether arithmetic moves its key
/// @param duplicates whether a statement on one row must choose among several
/// @param changes   what may be done to its rows
record Table(
        String name,
        List<Column> key,
        List<Column> others,
        Optional<String> arbiter,
        boolean numericKey,
        boolean duplicates,
        Changes changes) {

    enum Changes {
        ALL,
        /// Every change but one of the key.
        KEEP_KEY,
        INSERT_ONLY
    }

    /// @param unique whether its values come from the index: two rows may not have the same
    record Column(String name, Literal literal, boolean unique) {}

    Table {
        key = List.copyOf(key);
        others = List.copyOf(others);
    }

    List<Column> columns() {
        List<Column> columns = new ArrayList<>(key);
        columns.addAll(others);
        return columns;
    }

    List<Column> uniqueColumns() {
        return others.stream().filter(Column::unique).toList();
    }

    List<Column> plainColumns() {
        return others.stream().filter(column -> !column.unique()).toList();
    }

    String insert(Slice slice, List<Integer> rows, String conflict) {
        return "insert into " + name + " ("
                + columns().stream().map(Column::name).collect(Collectors.joining(", ")) + ") values "
                + rows.stream().map(row -> values(slice, row)).collect(Collectors.joining(", ")) + conflict;
    }

    String insert(Slice slice, int row) {
        return insert(slice, List.of(row), "");
    }

    /// Leaves rows alone that are there already.
    String insertMissing(Slice slice, List<Integer> rows) {
        return insert(
                slice,
                rows,
                arbiter.map(columns -> " on conflict (" + columns + ") do nothing")
                        .orElse(""));
    }

    String upsert(Slice slice, int row) {
        Column set = others.get(slice.random().nextInt(others.size()));
        return insert(
                slice,
                List.of(row),
                " on conflict (" + arbiter.orElseThrow() + ") do update set " + set.name() + " = excluded."
                        + set.name());
    }

    private String values(Slice slice, int row) {
        List<String> values = new ArrayList<>();
        key.forEach(column -> values.add(column.literal().next(slice.random(), row)));
        others.forEach(column -> values.add(
                column.literal().next(slice.random(), column.unique() && slice.chance(30) ? slice.index() : row)));
        return "(" + String.join(", ", values) + ")";
    }

    /// Sets some of the columns that are neither key nor unique.
    String update(Slice slice, int row) {
        return set(slice, touched(slice), row);
    }

    String update(Slice slice, List<Integer> rows) {
        return "update " + name + " set " + touched(slice) + " where "
                + rows.stream().map(row -> "(" + is(slice, row) + ")").collect(Collectors.joining(" or "));
    }

    String set(Slice slice, String assignments, int row) {
        return "update " + name + " set " + assignments + " where " + one(slice, row);
    }

    private String touched(Slice slice) {
        List<Column> plain = plainColumns();
        if (plain.isEmpty()) {
            return others.isEmpty()
                    ? key.getFirst().name() + " = " + key.getFirst().name()
                    : others.getFirst().name() + " = " + others.getFirst().name();
        }
        int count = 1 + (slice.chance(70) ? 0 : slice.random().nextInt(plain.size()));
        int first = slice.random().nextInt(plain.size());
        List<String> assignments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Column column = plain.get((first + i) % plain.size());
            assignments.add(column.name() + " = " + column.literal().next(slice.random(), slice.index()));
        }
        return String.join(", ", assignments);
    }

    /// Gives a row another key, and nothing else.
    String move(Slice slice, int from, int to) {
        return set(slice, assignKey(slice, to), from);
    }

    String assignKey(Slice slice, int to) {
        return key.stream()
                .map(column -> column.name() + " = " + column.literal().next(slice.random(), to))
                .collect(Collectors.joining(", "));
    }

    String delete(Slice slice, int row) {
        return "delete from " + name + " where " + one(slice, row);
    }

    String deleteAll(Slice slice, List<Integer> rows) {
        return "delete from " + name + " where "
                + rows.stream().map(row -> "(" + is(slice, row) + ")").collect(Collectors.joining(" or "));
    }

    private String one(Slice slice, int row) {
        return duplicates && slice.chance(70)
                ? "ctid = (select min(ctid) from " + name + " where " + is(slice, row) + ")"
                : is(slice, row);
    }

    private String is(Slice slice, int row) {
        return key.stream()
                .map(column -> column.name() + " = " + column.literal().next(slice.random(), row))
                .collect(Collectors.joining(" and "));
    }

    static Builder named(String name) {
        return new Builder(name);
    }

    /// Collects a table's columns.
    static final class Builder {
        private final String name;
        private final List<Column> key = new ArrayList<>();
        private final List<Column> others = new ArrayList<>();
        private Optional<String> arbiter = Optional.empty();
        private boolean numericKey;
        private boolean duplicates;
        private Changes changes = Changes.ALL;

        private Builder(String name) {
            this.name = name;
        }

        Builder key(String column, Literal literal) {
            key.add(new Column(column, literal, false));
            return this;
        }

        Builder numericKey(String column, Literal literal) {
            numericKey = true;
            return key(column, literal);
        }

        /// A column whose values come from the index.
        Builder unique(String column, Literal literal) {
            others.add(new Column(column, literal, true));
            return this;
        }

        Builder column(String column, Literal literal) {
            others.add(new Column(column, literal.orNull(), false));
            return this;
        }

        Builder notNull(String column, Literal literal) {
            others.add(new Column(column, literal, false));
            return this;
        }

        Builder arbiter(String columns) {
            arbiter = Optional.of(columns);
            return this;
        }

        Builder duplicates() {
            duplicates = true;
            return this;
        }

        Builder changes(Changes allowed) {
            changes = allowed;
            return this;
        }

        Table build() {
            return new Table(name, key, others, arbiter, numericKey, duplicates, changes);
        }
    }
}
