package org.pgmigrator.core.verify;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;

/// The statements that read rows for a comparison. They return numbers and hashes; values of keys only when rows
/// differ.
///
/// `offset 0` keeps the planner from computing a row's text once for each hash.
final class ContentSql {

    private ContentSql() {}

    /// One row, as of [#content], with sums of 0.
    static String count(TableRead table) {
        return "select count(*), 0, 0, " + file(table) + " from " + table.from();
    }

    /// One row: count, two sums, and the file that was read. A sum of bigint is numeric: it can't overflow.
    static String content(TableRead table, RowText rows, BlockRange range) {
        return "select count(*), sum(hashtextextended(x.r, 1)), sum(hashtextextended(x.r, 2)), " + file(table)
                + " from (select " + rows.sql() + " as r from " + table.from() + range.where() + " offset 0) x";
    }

    /// Opens the table and reads nothing, so that the session knows it.
    static String open(TableRead table) {
        return "select count(*) from " + table.from() + " where false";
    }

    /// Asked while the statement holds its lock on the table, so it is the file that the rows come from.
    private static String file(TableRead table) {
        return "pg_relation_filenode(" + table.oid() + ")";
    }

    /// A row for each part that holds rows: its number, count and two sums. Equal keys are in the same part on both
    /// sides; without a key, equal rows are.
    ///
    /// @param parts a power of two
    static String parts(TableRead table, RowText rows, List<String> key, BlockRange range, int parts) {
        String k = key.isEmpty() ? "" : ", " + rows.sql(key) + " as k";
        return "select " + part(key, parts) + ", count(*), sum(hashtextextended(x.r, 1)), sum(hashtextextended(x.r, 2))"
                + " from (select " + rows.sql() + " as r" + k + " from " + table.from() + range.where()
                + " offset 0) x group by 1";
    }

    private static String part(List<String> key, int parts) {
        return "hashtextextended(x." + (key.isEmpty() ? "r" : "k") + ", 3) & " + (parts - 1);
    }

    /// The rows of some parts, each with two hashes and its key's values as text behind them.
    static String keyedRows(
            TableRead table, RowText rows, List<String> key, BlockRange range, int parts, Set<Integer> wanted) {
        String values = key.stream()
                .map(column -> ", t." + QualifiedName.quote(column) + "::text as k" + key.indexOf(column))
                .collect(Collectors.joining());
        String wantedPart =
                "(hashtextextended(" + rows.sql(key) + ", 3) & " + (parts - 1) + ") = any(" + array(wanted) + ")";
        String where = range.where().isEmpty() ? " where " + wantedPart : range.where() + " and " + wantedPart;
        return "select hashtextextended(x.r, 1), hashtextextended(x.r, 2)"
                + key.stream().map(column -> ", x.k" + key.indexOf(column)).collect(Collectors.joining())
                + " from (select " + rows.sql() + " as r" + values + " from " + table.from() + where + " offset 0) x";
    }

    /// The different rows of some parts of a table without a key: two hashes, how often, and where one of them is.
    static String rowsWithoutKey(TableRead table, RowText rows, BlockRange range, int parts, Set<Integer> wanted) {
        String where = table.whole() ? "t.tableoid::regclass::text || ' '" : "''";
        return "select hashtextextended(x.r, 1), hashtextextended(x.r, 2), count(*), min(x.place) from (select "
                + rows.sql() + " as r, " + where + " || t.ctid::text as place from " + table.from() + range.where()
                + " offset 0) x where (" + part(List.of(), parts) + ") = any(" + array(wanted) + ") group by 1, 2";
    }

    /// One row for each of the keys: the key's values as text, then a hash for each column, NULL for NULL.
    static String columnHashes(TableRead table, RowText rows, List<String> key, List<List<String>> keys) {
        return "select "
                + key.stream()
                        .map(column -> "t." + QualifiedName.quote(column) + "::text")
                        .collect(Collectors.joining(", "))
                + rows.columns().stream()
                        .map(column ->
                                ", hashtextextended(" + rows.hashable("(" + rows.value(column) + ")::text") + ", 1)")
                        .collect(Collectors.joining())
                + " from " + table.from() + " where " + keyCondition("t.", key, keys);
    }

    /// `"a" IN ('1', '2')`, `("a", "b") IN (('1', 'x'), ('2', 'y'))`: literals without type become what the columns
    /// are.
    static String keyCondition(String qualifier, List<String> key, List<List<String>> keys) {
        String columns = key.stream()
                .map(column -> qualifier + QualifiedName.quote(column))
                .collect(Collectors.joining(", "));
        String values = keys.stream()
                .map(values1 -> parenthesised(
                        values1.stream().map(ContentSql::literal).collect(Collectors.joining(", ")), key.size() > 1))
                .collect(Collectors.joining(", "));
        return parenthesised(columns, key.size() > 1) + " IN (" + values + ")";
    }

    private static String parenthesised(String list, boolean needed) {
        return needed ? "(" + list + ")" : list;
    }

    static String literal(String text) {
        return text.indexOf('\\') < 0
                ? "'" + text.replace("'", "''") + "'"
                : "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
    }

    private static String array(Set<Integer> numbers) {
        return "'{" + new TreeSet<>(numbers).stream().map(String::valueOf).collect(Collectors.joining(","))
                + "}'::int8[]";
    }
}
