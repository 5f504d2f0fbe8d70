package org.pgmigrator.core.cutover;

import java.sql.Connection;
import java.sql.SQLException;
import org.pgmigrator.core.postgres.Catalog;

/// Whether a role may fire no triggers: `session_replication_role = replica`.
final class SessionRole {

    private static final int GRANTABLE_SINCE = 15;

    private SessionRole() {}

    static boolean mayBeReplica(Connection session) throws SQLException {
        String superuser = "select rolsuper from pg_roles where rolname = current_user";
        if ("t".equals(Catalog.value(session, superuser))) {
            return true;
        }
        return Catalog.major(session) >= GRANTABLE_SINCE
                && "t"
                        .equals(Catalog.value(
                                session, "select has_parameter_privilege('session_replication_role', 'SET')"));
    }
}
