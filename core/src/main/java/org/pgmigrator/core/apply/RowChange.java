package org.pgmigrator.core.apply;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.OldRow;
import org.pgmigrator.decoder.Tuple;

/// A change of one row, worked out against its target table: the shape of its statement, and the values in order.
///
/// Two changes with an equal [Shape] share one prepared statement.
///
/// @param values where each parameter's value comes from, parameter 1 first
record RowChange(TargetTable table, Shape shape, List<Value> values) {

    private static final int MAX_SHOWN_CHARACTERS = 60;

    RowChange {
        values = List.copyOf(values);
    }

    /// What distinguishes one statement on a table from another.
    sealed interface Shape {
        record Insert() implements Shape {}

        /// Sets some columns of the row that `where` finds.
        ///
        /// @param assigned positions of the columns that are set: unchanged TOAST values are not among them
        record Update(List<Integer> assigned, RowCondition where) implements Shape {}

        record Delete(RowCondition where) implements Shape {}
    }

    /// A column of a tuple.
    record Value(Tuple tuple, int column) {
        boolean isNull() {
            return tuple.isNull(column);
        }
    }

    static RowChange insert(TargetTable table, Change.Insert insert) {
        return new RowChange(
                table,
                new Shape.Insert(),
                all(table).stream().map(i -> new Value(insert.after(), i)).toList());
    }

    static RowChange delete(TargetTable table, Change.Delete delete) {
        Tuple before = tuple(delete.before());
        RowCondition where = condition(table, delete.before());
        return new RowChange(table, new Shape.Delete(where), conditionValues(table, where, before));
    }

    static RowChange update(TargetTable table, Change.Update update) {
        Tuple after = update.after();
        RowCondition where;
        Tuple identity;
        List<Integer> untouched = List.of();
        switch (update.before()) {
            case OldRow.Absent absent -> {
                // The identity did not change, so its columns need not be set; they find the row.
                untouched = requireIdentity(table);
                where = new RowCondition.ByKey(untouched);
                identity = after;
            }
            case OldRow.Present present -> {
                where = condition(table, present);
                identity = tuple(present);
            }
        }
        List<Integer> skipped = untouched;
        List<Integer> assigned = all(table).stream()
                .filter(i -> !after.isUnchangedToast(i) && !skipped.contains(i))
                .toList();
        List<Value> values = new ArrayList<>();
        assigned.forEach(i -> values.add(new Value(after, i)));
        values.addAll(conditionValues(table, where, identity));
        return new RowChange(table, new Shape.Update(assigned, where), values);
    }

    private static Tuple tuple(OldRow.Present before) {
        return switch (before) {
            case OldRow.Key key -> key.tuple();
            case OldRow.Full full -> full.tuple();
        };
    }

    private static RowCondition condition(TargetTable table, OldRow.Present before) {
        return switch (before) {
            case OldRow.Key key -> new RowCondition.ByKey(requireIdentity(table));
            case OldRow.Full full ->
                table.uniqueKey()
                        .<RowCondition>map(RowCondition.ByKey::new)
                        .orElseGet(() -> new RowCondition.ByImage(
                                table.indexed().stream().findFirst().map(full.tuple()::isNull)));
        };
    }

    private static List<Value> conditionValues(TargetTable table, RowCondition where, Tuple identity) {
        List<Integer> columns = switch (where) {
            case RowCondition.ByKey byKey -> byKey.columns();
            case RowCondition.ByImage byImage -> all(table);
        };
        return columns.stream().map(i -> new Value(identity, i)).toList();
    }

    private static List<Integer> requireIdentity(TargetTable table) {
        List<Integer> identity = table.identityColumns();
        if (identity.isEmpty()) {
            throw new MigrationException(Failure.of(
                    FailureKind.TARGET_SCHEMA_DIFFERS,
                    "The source sent an UPDATE or DELETE of " + table.name() + ", which has no replica identity.",
                    "its replica identity was changed after the migration began"));
        }
        return identity;
    }

    private static List<Integer> all(TargetTable table) {
        return IntStream.range(0, table.columns().size()).boxed().toList();
    }

    /// The SQL of this change's shape.
    String sql(IntFunction<String> value) {
        return switch (shape) {
            case Shape.Insert insert -> DmlSql.insert(table, value);
            case Shape.Update update -> DmlSql.update(table, update.assigned(), update.where(), value);
            case Shape.Delete delete -> DmlSql.delete(table, delete.where(), value);
        };
    }

    /// Bytes of all its values: what makes a change too wide for a statement's text.
    long byteSize() {
        long size = 0;
        for (Value value : values) {
            if (!value.isNull()) {
                size += value.tuple().length(value.column());
            }
        }
        return size;
    }

    /// Whether all its values can be written into a statement's text.
    boolean isLiteral() {
        return !table.binary()
                || values.stream()
                        .allMatch(value -> value.isNull()
                                || table.isLiteral(table.columns().get(value.column())));
    }

    /// A value, which is not null, in its type's text form; empty if it came in binary form and has none here.
    Optional<String> text(Value value) {
        return table.binary()
                ? BinaryValue.text(
                        table.columns().get(value.column()).baseType(),
                        value.tuple().bytes(value.column()))
                : Optional.of(value.tuple().text(value.column()));
    }

    /// The row for a person: the values of its identity, or of all columns if there is none, shortened.
    String key() {
        List<Value> shown = switch (shape) {
            case Shape.Insert insert ->
                table.identityColumns().isEmpty()
                        ? values
                        : table.identityColumns().stream().map(values::get).toList();
            case Shape.Update update -> values.subList(update.assigned().size(), values.size());
            case Shape.Delete delete -> values;
        };
        StringBuilder text = new StringBuilder("(");
        for (Value value : shown) {
            text.append(text.length() > 1 ? ", " : "")
                    .append(table.columns().get(value.column()).name())
                    .append("=")
                    .append(shortened(value));
        }
        return text.append(")").toString();
    }

    private String shortened(Value value) {
        if (value.isNull()) {
            return "NULL";
        }
        String text = table.binary()
                ? text(value).orElseGet(() -> BinaryValue.hex(value.tuple().bytes(value.column())))
                : new String(
                        value.tuple().array(),
                        value.tuple().offset(value.column()),
                        Math.min(value.tuple().length(value.column()), MAX_SHOWN_CHARACTERS),
                        StandardCharsets.UTF_8);
        return value.tuple().length(value.column()) > MAX_SHOWN_CHARACTERS
                ? text.substring(0, Math.min(text.length(), MAX_SHOWN_CHARACTERS)) + "…"
                : text;
    }

    /// The kind of change, in SQL's word.
    String verb() {
        return switch (shape) {
            case Shape.Insert insert -> "INSERT";
            case Shape.Update update -> "UPDATE";
            case Shape.Delete delete -> "DELETE";
        };
    }
}
