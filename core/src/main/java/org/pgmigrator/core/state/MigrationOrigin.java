package org.pgmigrator.core.state;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;

/// What a migration was begun with, as far as another terminal has to know it: from where, by which slot, and which
/// part of the database.
///
/// @param configuration the options that must not change on a resume, as text
public record MigrationOrigin(String configuration, String slot, SourceServer source, FilterConfig filter) {

    /// The columns of `pgmigrator.migration`, in the order of [#set] and [#read].
    static final String COLUMNS = "configuration, slot, source_system, source_database, include_schemas, "
            + "exclude_schemas, include_tables, exclude_tables";

    /// Sets the parameters of [#COLUMNS] from number `first`.
    void set(PreparedStatement statement, int first) throws SQLException {
        Connection connection = statement.getConnection();
        statement.setString(first, configuration);
        statement.setString(first + 1, slot);
        statement.setString(first + 2, source.system());
        statement.setString(first + 3, source.database());
        statement.setArray(first + 4, texts(connection, filter.includeSchemas()));
        statement.setArray(first + 5, texts(connection, filter.excludeSchemas()));
        statement.setArray(first + 6, texts(connection, quoted(filter.includeTables())));
        statement.setArray(first + 7, texts(connection, quoted(filter.excludeTables())));
    }

    /// Reads [#COLUMNS] from column `first`.
    static MigrationOrigin read(ResultSet row, int first) throws SQLException {
        return new MigrationOrigin(
                row.getString(first),
                row.getString(first + 1),
                new SourceServer(row.getString(first + 2), row.getString(first + 3)),
                new FilterConfig(
                        list(row.getArray(first + 4)),
                        list(row.getArray(first + 5)),
                        names(row.getArray(first + 6)),
                        names(row.getArray(first + 7))));
    }

    private static Array texts(Connection connection, List<String> values) throws SQLException {
        return connection.createArrayOf("text", values.toArray());
    }

    private static List<String> quoted(List<QualifiedName> names) {
        return names.stream().map(QualifiedName::quoted).toList();
    }

    private static List<String> list(Array array) throws SQLException {
        return Arrays.asList((String[]) array.getArray());
    }

    private static List<QualifiedName> names(Array array) throws SQLException {
        return list(array).stream().map(QualifiedName::parse).toList();
    }
}
