package org.pgmigrator.core.apply;

import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.pgmigrator.core.apply.TargetTable.TargetColumn;

/// The SQL of one change. How a value is written (`$3`, or a look-up in a staging table) is the caller's: parameters
/// are
/// numbered from 1 in the order of [RowChange#values].
///
/// Every value is cast to its column's type without modifier, so that nothing is left to inference and nothing is cut.
final class DmlSql {

    private DmlSql() {}

    /// INSERT of all published columns, as they are: also into GENERATED ALWAYS AS IDENTITY.
    static String insert(TargetTable table, IntFunction<String> value) {
        if (table.columns().isEmpty()) {
            return "INSERT INTO " + table.name().quoted() + " DEFAULT VALUES";
        }
        return "INSERT INTO " + table.name().quoted() + " (" + columnList(table) + ") OVERRIDING SYSTEM VALUE VALUES ("
                + IntStream.range(0, table.columns().size())
                        .mapToObj(i -> typed(table.columns().get(i), value.apply(i + 1)))
                        .collect(Collectors.joining(", "))
                + ")";
    }

    /// UPDATE of the row that `where` finds.
    ///
    /// @param assigned the positions of the columns to set, whose values are the first parameters
    static String update(TargetTable table, List<Integer> assigned, RowCondition where, IntFunction<String> value) {
        String assignments = IntStream.range(0, assigned.size())
                .mapToObj(i -> {
                    TargetColumn column = table.columns().get(assigned.get(i));
                    return column.quoted() + " = " + typed(column, value.apply(i + 1));
                })
                .collect(Collectors.joining(", "));
        if (assigned.isEmpty()) {
            // Every value is unchanged TOAST: the row must exist all the same.
            String column = table.columns().getFirst().quoted();
            assignments = column + " = t." + column;
        }
        return "UPDATE " + from(table) + " SET " + assignments + " WHERE "
                + where(table, where, number -> value.apply(number + assigned.size()));
    }

    static String delete(TargetTable table, RowCondition where, IntFunction<String> value) {
        return "DELETE FROM " + from(table) + " WHERE " + where(table, where, value);
    }

    static String truncate(List<TargetTable> tables, boolean cascade, boolean restartIdentity) {
        return "TRUNCATE TABLE "
                + tables.stream().map(DmlSql::from).map(DmlSql::withoutAlias).collect(Collectors.joining(", "))
                + (restartIdentity ? " RESTART IDENTITY" : "")
                + (cascade ? " CASCADE" : "");
    }

    /// The table and its published columns, as COPY names them.
    static String copyInto(TargetTable table) {
        return table.name().quoted() + " (" + columnList(table) + ")";
    }

    static String columnList(TargetTable table) {
        return table.columns().stream().map(TargetColumn::quoted).collect(Collectors.joining(", "));
    }

    /// ONLY: an inheritance child has its own events. It is not allowed on a partitioned table.
    static String from(TargetTable table) {
        return (table.partitioned() ? "" : "ONLY ") + table.name().quoted() + " AS t";
    }

    private static String withoutAlias(String from) {
        return from.substring(0, from.length() - " AS t".length());
    }

    private static String where(TargetTable table, RowCondition where, IntFunction<String> value) {
        return switch (where) {
            case RowCondition.ByKey byKey -> byKey(table, byKey.columns(), value);
            case RowCondition.ByImage byImage -> byImage(table, byImage.indexedNull(), value);
        };
    }

    private static String byKey(TargetTable table, List<Integer> columns, IntFunction<String> value) {
        return IntStream.range(0, columns.size())
                .mapToObj(i -> {
                    TargetColumn column = table.columns().get(columns.get(i));
                    String typed = typed(column, value.apply(i + 1));
                    return column.equality()
                            .map(operator -> "t." + column.quoted() + " " + operator + " " + typed)
                            // Without an index, "the same bytes" is true for every type, and = might not exist.
                            .orElse("pg_catalog.record_image_eq(ROW(t." + column.quoted() + "), ROW(" + typed + "))");
                })
                .collect(Collectors.joining(" AND "));
    }

    /// One row, out of possibly several equal ones, whose published columns are byte for byte the given ones. Every
    /// value
    /// of the target was made by the type's input function out of the source's text, so equal text is equal bytes; `=`
    /// would miss NULLs, confuse 1.0 with 1.00, and does not exist for json, xml or point.
    private static String byImage(TargetTable table, Optional<Boolean> indexedNull, IntFunction<String> value) {
        String row = table.partitioned() ? "(t.tableoid, t.ctid)" : "t.ctid";
        String search = table.partitioned() ? "s.tableoid, s.ctid" : "s.ctid";
        StringBuilder sql = new StringBuilder(row)
                .append(" = (SELECT ")
                .append(search)
                .append(" FROM ")
                .append(from(table).replace(" AS t", " AS s"));
        if (!table.columns().isEmpty()) {
            sql.append(" WHERE ");
            indexedNull.ifPresent(
                    isNull -> sql.append(indexed(table, isNull, value)).append(" AND "));
            sql.append("pg_catalog.record_image_eq(ROW(")
                    .append(table.columns().stream()
                            .map(column -> "s." + column.quoted())
                            .collect(Collectors.joining(", ")))
                    .append("), ROW(")
                    .append(IntStream.range(0, table.columns().size())
                            .mapToObj(i -> typed(table.columns().get(i), value.apply(i + 1)))
                            .collect(Collectors.joining(", ")))
                    .append("))");
        }
        return sql.append(" LIMIT 1)").toString();
    }

    /// Implied by equal bytes, and it lets the planner use an index.
    private static String indexed(TargetTable table, boolean isNull, IntFunction<String> value) {
        int position = table.indexed().getFirst();
        TargetColumn column = table.columns().get(position);
        return "s." + column.quoted()
                + (isNull
                        ? " IS NULL"
                        : " " + column.equality().orElseThrow() + " " + typed(column, value.apply(position + 1)));
    }

    private static String typed(TargetColumn column, String value) {
        return value + "::" + column.type();
    }
}
