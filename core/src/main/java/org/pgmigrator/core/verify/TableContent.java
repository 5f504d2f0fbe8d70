package org.pgmigrator.core.verify;

import java.math.BigInteger;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.pgmigrator.core.postgres.CatalogTable;

/// How many rows a table, or a part of it, has, and hashes of all of them that do not depend on their order.
///
/// The hashes are of the rows as text under the pinned settings ([RowText]), so they are comparable between major
/// versions. They are added up, not combined by exclusive-or: equal rows count each, and parts add up to the whole.
///
/// @param rows   the count
/// @param first  the exact sum of the rows' 64-bit hashes
/// @param second the same with another seed, so that a coincidence is as good as impossible
public record TableContent(long rows, BigInteger first, BigInteger second) {

    public static final TableContent EMPTY = new TableContent(0, BigInteger.ZERO, BigInteger.ZERO);

    /// What both parts hold together.
    public TableContent plus(TableContent other) {
        return new TableContent(rows + other.rows, first.add(other.first), second.add(other.second));
    }

    /// The hash as it is shown: both sums in 128 bits, as 32 hexadecimal digits.
    public String hash() {
        return "%016x%016x".formatted(first.longValue(), second.longValue());
    }

    /// Reads the whole table once, in the caller's transaction.
    ///
    /// @param table names and columns as the source has them: columns are listed, so that their order does not matter
    public static TableContent read(Connection connection, CatalogTable table) throws SQLException {
        TableRead read = TableRead.of(table, false);
        RowText rows = new RowText(
                read,
                table.columns().stream().map(CatalogTable.CatalogColumn::name).toList(),
                false);
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(ContentSql.content(read, rows, BlockRange.ALL))) {
            result.next();
            return of(result, 1);
        }
    }

    /// Count and sums from three columns of the current row; no row at all gives SQL NULL sums.
    static TableContent of(ResultSet row, int column) throws SQLException {
        return new TableContent(row.getLong(column), sum(row, column + 1), sum(row, column + 2));
    }

    private static BigInteger sum(ResultSet row, int column) throws SQLException {
        String text = row.getString(column);
        return text == null ? BigInteger.ZERO : new BigInteger(text);
    }
}
