package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import org.pgmigrator.core.postgres.BinaryForms;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;

/// Whether a migration between two databases would accept `--wire-format binary`.
public final class BinaryWhereSafe {

    private BinaryWhereSafe() {}

    public static boolean on(Database source, Database target) throws SQLException {
        try (Connection from = source.connect(Session.named("test"));
                Connection to = target.connect(Session.named("test"))) {
            return BinaryForms.obstacle(
                            BinaryForms.read(from, Catalog.tables(from)), BinaryForms.read(to, Catalog.tables(to)))
                    .isEmpty();
        }
    }
}
