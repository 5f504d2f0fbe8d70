package org.pgmigrator.core.validate;

import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.CatalogTable.CatalogColumn;
import org.pgmigrator.core.postgres.CatalogTable.Identity;

/// When a published table accepts UPDATE and DELETE, by the rule of the server's own version.
///
/// From 18 on, REPLICA IDENTITY FULL counts generated columns in, and refuses when they are not published.
/// Source: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/commands/publicationcmds.c
/// (`pub_contains_invalid_column`).
final class IdentityRule {

    private static final int FIRST_WITH_GENERATED_IN_FULL = 18;

    private IdentityRule() {}

    static boolean isUsable(CatalogTable table, int major) {
        return table.hasUsableIdentity() && (table.identity() != Identity.FULL || fullIsPossible(table, major));
    }

    /// Whether REPLICA IDENTITY FULL would make the table's updates acceptable.
    static boolean fullIsPossible(CatalogTable table, int major) {
        return major < FIRST_WITH_GENERATED_IN_FULL || table.columns().stream().noneMatch(CatalogColumn::generated);
    }
}
