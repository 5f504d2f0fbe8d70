package org.pgmigrator.sandbox.compare;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pgmigrator.sandbox.server.ConnectionSource;

/// One side of a comparison: a session with pinned settings, and one snapshot for everything that is read.
final class ComparedDatabase implements AutoCloseable {

    /// Everything that shapes the text form of a value, and what could hide rows or end the session.
    private static final List<String> SETTINGS = List.of(
            "search_path = ''",
            "datestyle = 'ISO, YMD'",
            "intervalstyle = 'postgres'",
            "extra_float_digits = 3",
            "bytea_output = 'hex'",
            "timezone = 'UTC'",
            "lc_monetary = 'C'",
            "xmlbinary = 'base64'",
            "row_security = off",
            "statement_timeout = 0",
            "idle_in_transaction_session_timeout = 0");

    private static final String USER_SCHEMA = """
            n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgmigrator')""";

    private static final String TABLES = """
            SELECT n.nspname, c.relname, a.attname
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND\s""" + USER_SCHEMA + " ORDER BY 1, 2, a.attnum";

    private static final String SEQUENCES = """
            SELECT n.nspname, c.relname, s.seqincrement, s.seqcycle
            FROM pg_sequence s
            JOIN pg_class c ON c.oid = s.seqrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relpersistence <> 't' AND\s""" + USER_SCHEMA + " ORDER BY 1, 2";

    /// Rows that are fetched at once while looking for samples.
    private static final int FETCH_SIZE = 1_000;

    private static final Content EMPTY = new Content(0, BigDecimal.ZERO, BigDecimal.ZERO);

    private final Connection connection;

    ComparedDatabase(ConnectionSource source) throws SQLException {
        connection = source.open();
        try {
            for (String setting : SETTINGS) {
                execute("SET " + setting);
            }
            connection.setAutoCommit(false);
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        } catch (SQLException failure) {
            close();
            throw failure;
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /// The ordinary tables and leaf partitions by name.
    Map<String, TableShape> tables() throws SQLException {
        Map<String, TableShape> tables = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(TABLES)) {
            while (rows.next()) {
                String name = ObjectName.shown(rows.getString(1), rows.getString(2));
                String sqlName = ObjectName.quoted(rows.getString(1), rows.getString(2));
                String column = rows.getString(3);
                List<String> columns = column == null ? List.of() : List.of(ObjectName.quoted(column));
                tables.merge(name, new TableShape(name, sqlName, columns), TableShape::withColumnsOf);
            }
        }
        return tables;
    }

    /// The sequences by name, those of serial and identity columns included.
    Map<String, SequenceState> sequences() throws SQLException {
        Map<String, SequenceState> sequences = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(SEQUENCES);
                Statement stateStatement = connection.createStatement()) {
            while (rows.next()) {
                String name = ObjectName.shown(rows.getString(1), rows.getString(2));
                String sqlName = ObjectName.quoted(rows.getString(1), rows.getString(2));
                try (ResultSet state = stateStatement.executeQuery("SELECT last_value, is_called FROM " + sqlName)) {
                    state.next();
                    sequences.put(
                            name,
                            new SequenceState(
                                    name, state.getLong(1), state.getBoolean(2), rows.getLong(3), rows.getBoolean(4)));
                }
            }
        }
        return sequences;
    }

    Content content(TableShape table, List<String> columns) throws SQLException {
        return contents(table, columns, 1).getOrDefault(0, EMPTY);
    }

    /// The table's content in parts; equal rows are in the same part on both sides.
    ///
    /// @param parts how many
    /// @return the parts that hold rows, by number
    Map<Integer, Content> contents(TableShape table, List<String> columns, int parts) throws SQLException {
        String sql = "SELECT first_hash & " + (parts - 1) + ", count(*), sum(first_hash), sum(second_hash) FROM ("
                + hashes(table, columns, "") + ") h GROUP BY 1";
        Map<Integer, Content> contents = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                contents.put(
                        rows.getInt(1), new Content(rows.getLong(2), rows.getBigDecimal(3), rows.getBigDecimal(4)));
            }
        }
        return contents;
    }

    /// How often each row of one part is there.
    Map<RowSample, Integer> rows(TableShape table, List<String> columns, int parts, int part) throws SQLException {
        String sql = "SELECT first_hash, second_hash, sample FROM ("
                + hashes(table, columns, ", left(row_text, " + RowSample.LENGTH + ") AS sample")
                + ") h WHERE first_hash & " + (parts - 1) + " = " + part;
        Map<RowSample, Integer> samples = new HashMap<>();
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(FETCH_SIZE);
            try (ResultSet rows = statement.executeQuery(sql)) {
                while (rows.next()) {
                    samples.merge(new RowSample(rows.getLong(1), rows.getLong(2), rows.getString(3)), 1, Integer::sum);
                }
            }
        }
        return samples;
    }

    private static String hashes(TableShape table, List<String> columns, String more) {
        return "SELECT hashtextextended(row_text, 0) AS first_hash, hashtextextended(row_text, 8675309) AS second_hash"
                + more + " FROM (SELECT ROW(" + String.join(", ", columns)
                + ")::text COLLATE \"C\" AS row_text FROM ONLY "
                + table.sqlName() + ") r";
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
