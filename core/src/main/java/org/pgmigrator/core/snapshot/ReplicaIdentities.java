package org.pgmigrator.core.snapshot;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.CatalogTable.IdentityIndex;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// REPLICA IDENTITY FULL for the time of the migration, on tables that have no identity of their own.
///
/// It is set before the table is published and taken back after the publication is gone; in between the source would
/// refuse UPDATE and DELETE. Source: https://www.postgresql.org/docs/current/sql-altertable.html (REPLICA IDENTITY)
public final class ReplicaIdentities {

    /// How the journal's entries of identities begin.
    public static final String WHAT = "REPLICA IDENTITY FULL of ";

    private ReplicaIdentities() {}

    /// Sets it on each table, one after the other.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException SOURCE_FAILED if a lock can't be had or a right is missing
    public static void setFull(Connection source, List<CatalogTable> tables, UndoLog undoLog)
            throws InterruptedException {
        for (CatalogTable table : tables) {
            undoLog.willCreate(
                    WHAT + table.name(), "ALTER TABLE IF EXISTS " + only(table) + " REPLICA IDENTITY " + former(table));
            try {
                LockedDdl.execute(source, "ALTER TABLE " + only(table) + " REPLICA IDENTITY FULL");
            } catch (SQLException refusal) {
                throw SqlState.toException(
                        Side.SOURCE, "REPLICA IDENTITY FULL could not be set on " + table.name() + ".", refusal);
            }
        }
    }

    private static String only(CatalogTable table) {
        return (table.partitioned() ? "" : "ONLY ") + table.name().quoted();
    }

    private static String former(CatalogTable table) {
        return switch (table.identity()) {
            case DEFAULT, NOTHING, FULL -> table.identity().sql();
            case INDEX ->
                table.identityIndex()
                        .map(IdentityIndex::name)
                        .map(index -> table.identity().sql() + " " + QualifiedName.quote(index))
                        // The index that was named is gone or not usable: the server treats that as NOTHING.
                        .orElse(CatalogTable.Identity.NOTHING.sql());
        };
    }
}
