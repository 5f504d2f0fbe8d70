package org.pgmigrator.core.snapshot;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// The publications that this program makes: over an explicit list of tables, never FOR ALL TABLES.
///
/// Source: https://www.postgresql.org/docs/current/sql-createpublication.html
public final class Publications {

    /// How the journal's entries of publications begin.
    public static final String WHAT = "publication ";

    private Publications() {}

    /// Creates one publication.
    ///
    /// @param actions what is published, such as `insert, update, delete, truncate`
    /// @throws org.pgmigrator.core.error.MigrationException SOURCE_FAILED if it exists or a right is missing
    public static void create(
            Connection source, String name, List<CatalogTable> tables, String actions, UndoLog undoLog)
            throws InterruptedException {
        String quoted = QualifiedName.quote(name);
        long entry = undoLog.willCreate(WHAT + quoted, "DROP PUBLICATION IF EXISTS " + quoted);
        // Leaves publish under their own names, so that the target may receive a leaf's TRUNCATE.
        String sql = "CREATE PUBLICATION " + quoted
                + (tables.isEmpty()
                        ? ""
                        : " FOR TABLE "
                                + tables.stream().map(Publications::listed).collect(Collectors.joining(", ")))
                + " WITH (publish = '" + actions + "', publish_via_partition_root = false)";
        try {
            LockedDdl.execute(source, sql);
        } catch (SQLException refusal) {
            if (SqlState.DUPLICATE_OBJECT.equals(refusal.getSQLState())) {
                undoLog.forget(entry);
            }
            throw SqlState.toException(Side.SOURCE, "Publication " + quoted + " could not be created.", refusal);
        }
    }

    /// The tables whose changes these publications do not send, although they should: permanent ones with rows of their
    /// own that no publication lists, directly or by their root.
    public static List<QualifiedName> unpublished(
            Connection source, List<String> publications, List<CatalogTable> tables) throws SQLException {
        Set<QualifiedName> published = new HashSet<>();
        Array names = source.createArrayOf("text", publications.toArray());
        try (PreparedStatement statement = source.prepareStatement(
                "select schemaname, tablename from pg_publication_tables where pubname = any(?)")) {
            statement.setArray(1, names);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    published.add(new QualifiedName(row.getString(1), row.getString(2)));
                }
            }
        }
        return tables.stream()
                .filter(table -> !table.partitioned() && !table.unlogged())
                .map(CatalogTable::name)
                .filter(name -> !published.contains(name))
                .toList();
    }

    /// ONLY: an inheritance child is listed by itself. It means nothing for a partitioned table.
    private static String listed(CatalogTable table) {
        return (table.partitioned() ? "" : "ONLY ") + table.name().quoted();
    }
}
