package org.pgmigrator.core.apply.differential;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Compares the tables of a workload by the text of their rows, duplicates counted. A partitioned table is compared as
/// a
/// whole: the target may be divided otherwise. One query reads a whole side.
final class ContentComparison {

    private static final String SETTINGS = "set search_path = ''; set extra_float_digits = 3; set timezone = 'UTC';"
            + " set lc_monetary = 'C'; set intervalstyle = 'postgres'; set datestyle = 'ISO, YMD'";

    private static final String TABLES = """
            select format('%I.%I', n.nspname, c.relname), c.relkind = 'p',
                   string_agg(quote_ident(a.attname), ', ' order by a.attnum)
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where c.relkind in ('r', 'p') and not c.relispartition and n.nspname in ('w', 'Odd "S')
            group by 1, 2 order by 1""";

    private static final int SAMPLES = 6;

    /// Every table's rows as a subquery of one column, by the table's name.
    private final Map<String, String> rowTexts = new LinkedHashMap<>();

    private final Connection source;
    private final Map<String, String> expected;

    /// @param source at rest
    ContentComparison(Connection source) throws SQLException {
        this.source = source;
        try (Statement statement = source.createStatement()) {
            statement.execute(SETTINGS);
            try (ResultSet table = statement.executeQuery(TABLES.replace("pg_", "pg_catalog.pg_"))) {
                while (table.next()) {
                    String columns = table.getString(3) == null ? "" : table.getString(3);
                    rowTexts.put(
                            table.getString(1),
                            "select row(" + columns + ")::text collate pg_catalog.\"C\" as t from "
                                    + (table.getBoolean(2) ? "" : "only ") + table.getString(1));
                }
            }
        }
        expected = contents(source);
    }

    /// Rows that the source has.
    long rows() {
        return expected.values().stream()
                .mapToLong(content -> Long.parseLong(content.substring(0, content.indexOf(' '))))
                .sum();
    }

    /// A line for each table that differs, with some rows; empty if there is none.
    List<String> differences(Connection target) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.execute(SETTINGS);
        }
        List<String> differences = new ArrayList<>();
        Map<String, String> found = contents(target);
        for (Map.Entry<String, String> table : expected.entrySet()) {
            String content = found.get(table.getKey());
            if (!table.getValue().equals(content)) {
                differences.add(table.getKey() + ": source " + table.getValue() + ", target " + content
                        + samples(target, String.valueOf(rowTexts.get(table.getKey()))));
            }
        }
        return differences;
    }

    private Map<String, String> contents(Connection connection) throws SQLException {
        List<String> queries = new ArrayList<>();
        rowTexts.forEach((name, rows) -> queries.add("select '" + name.replace("'", "''")
                + "', count(*) || ' rows ' || coalesce(sum(hashtextextended(t, 0)) + sum(hashtextextended(t, 8675309) / 3),"
                + " 0) from (" + rows + ") r"));
        Map<String, String> contents = new LinkedHashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(String.join(" union all ", queries))) {
            while (row.next()) {
                contents.put(row.getString(1), row.getString(2));
            }
        }
        return contents;
    }

    private String samples(Connection target, String rows) throws SQLException {
        Map<String, Integer> surplus = new TreeMap<>();
        count(source, rows, 1, surplus);
        count(target, rows, -1, surplus);
        surplus.values().removeIf(count -> count == 0);
        StringBuilder text = new StringBuilder();
        surplus.entrySet().stream()
                .limit(SAMPLES)
                .forEach(row -> text.append("\n      ")
                        .append(row.getValue() > 0 ? "source only " : "target only ")
                        .append(Math.abs(row.getValue()))
                        .append(" x ")
                        .append(row.getKey()));
        return text.toString();
    }

    private static void count(Connection side, String rows, int by, Map<String, Integer> surplus) throws SQLException {
        // Long values are shown by their beginning and a hash of all of them.
        String query = "select case when length(t) > 300 then regexp_replace(t, '(.{16}).{60,}?([,)\"])',"
                + " '\\1...\\2', 'g') || ' ' || md5(t) else t end from (" + rows + ") r";
        try (Statement statement = side.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            while (row.next()) {
                surplus.merge(row.getString(1), by, Integer::sum);
            }
        }
    }
}
