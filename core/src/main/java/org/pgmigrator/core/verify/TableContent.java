package org.pgmigrator.core.verify;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.CatalogTable;

/// How many rows a table has, and a hash of all of them that does not depend on their order; equal rows count each.
///
/// The hash is of the rows as text under the pinned settings, so it is comparable between major versions.
///
/// @param rows the count
/// @param hash two sums of 64-bit hashes with different seeds, as text
public record TableContent(long rows, String hash) {

    /// Reads the whole table once, in the caller's transaction.
    ///
    /// @param table names and columns as the source has them: columns are listed, so that their order does not matter
    public static TableContent read(Connection connection, CatalogTable table) throws SQLException {
        String row = row(table.columns().stream()
                .map(CatalogTable.CatalogColumn::name)
                .map(QualifiedName::quote)
                .toList());
        String sql = "select count(*), coalesce(sum(hashtextextended(r, 1)::numeric), 0) || ':' || "
                + "coalesce(sum(hashtextextended(r, 2)::numeric), 0) from (select " + row + " collate \"C\" as r from "
                + (table.partitioned() ? "" : "only ") + table.name().quoted() + ") t";
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            result.next();
            return new TableContent(result.getLong(1), result.getString(2));
        }
    }

    private static String row(List<String> columns) {
        return columns.isEmpty() ? "''" : "row(" + String.join(", ", columns) + ")::text";
    }
}
