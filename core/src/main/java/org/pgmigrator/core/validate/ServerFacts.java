package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.pgmigrator.core.config.QualifiedName;

/// What a server says about itself, its database and the role that is connected.
///
/// @param versionNum       `server_version_num`, such as 170011
/// @param systemIdentifier empty where the role may not read it
/// @param timeline         of the last checkpoint; 0 where the role may not read it
/// @param startTime        when the postmaster started: tells a clone from its original
/// @param database         the name of the connected database
/// @param role             the connected role
public record ServerFacts(
        int versionNum,
        Optional<String> systemIdentifier,
        long timeline,
        String startTime,
        String database,
        long databaseOid,
        String role,
        boolean superuser,
        boolean inRecovery) {

    private static final String FACTS = """
            select current_setting('server_version_num')::int, current_database(), d.oid::int8, current_user,
                   r.rolsuper, pg_is_in_recovery(), pg_postmaster_start_time()::text,
                   has_function_privilege('pg_catalog.pg_control_system()', 'execute')
                   and has_function_privilege('pg_catalog.pg_control_checkpoint()', 'execute')
            from pg_database d, pg_roles r
            where d.datname = current_database() and r.rolname = current_user
            """;

    /// `server_version_num` divided by 10,000.
    public int major() {
        return versionNum / 10_000;
    }

    /// The role as SQL writes it.
    String quotedRole() {
        return QualifiedName.quote(role);
    }

    /// The database as SQL writes it.
    String quotedDatabase() {
        return QualifiedName.quote(database);
    }

    static ServerFacts read(Connection connection) throws SQLException {
        boolean controlReadable = Query.one(connection, FACTS, row -> row.getBoolean(8));
        Optional<String> identifier = controlReadable
                ? Optional.of(Query.one(
                        connection, "select system_identifier::text from pg_control_system()", row -> row.getString(1)))
                : Optional.empty();
        long timeline =
                controlReadable ? Query.number(connection, "select timeline_id from pg_control_checkpoint()") : 0;
        return Query.one(
                connection,
                FACTS,
                row -> new ServerFacts(
                        row.getInt(1),
                        identifier,
                        timeline,
                        row.getString(7),
                        row.getString(2),
                        row.getLong(3),
                        row.getString(4),
                        row.getBoolean(5),
                        row.getBoolean(6)));
    }
}
