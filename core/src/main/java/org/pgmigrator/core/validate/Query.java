package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.pgmigrator.core.postgres.CatalogTable;

/// A read of a few rows in the check's own transaction.
final class Query {

    private Query() {}

    /// Makes something of the current row.
    @FunctionalInterface
    interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    static <T> List<T> list(Connection connection, String sql, Row<T> reader, Object... parameters)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            List<T> rows = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    rows.add(reader.read(row));
                }
            }
            return rows;
        }
    }

    /// The first column of each row.
    static List<String> strings(Connection connection, String sql, Object... parameters) throws SQLException {
        return list(connection, sql, row -> row.getString(1), parameters);
    }

    /// The only row.
    static <T> T one(Connection connection, String sql, Row<T> reader, Object... parameters) throws SQLException {
        List<T> rows = list(connection, sql, reader, parameters);
        if (rows.size() != 1) {
            throw new SQLException("expected one row, got " + rows.size() + " from: " + sql);
        }
        return rows.getFirst();
    }

    static boolean truth(Connection connection, String sql, Object... parameters) throws SQLException {
        return one(connection, sql, row -> row.getBoolean(1), parameters);
    }

    static long number(Connection connection, String sql, Object... parameters) throws SQLException {
        return one(connection, sql, row -> row.getLong(1), parameters);
    }

    /// An `int8[]` of the tables' oids, for `= any(?)`.
    static Object oids(Connection connection, Collection<CatalogTable> tables) throws SQLException {
        return connection.createArrayOf(
                "int8", tables.stream().map(CatalogTable::oid).toArray());
    }
}
