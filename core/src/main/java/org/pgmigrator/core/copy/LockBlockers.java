package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Names the sessions that hold, or wait for, the only lock that a dump cannot be taken beside: ACCESS EXCLUSIVE.
/// See https://www.postgresql.org/docs/current/explicit-locking.html
final class LockBlockers {

    private static final Logger LOG = LoggerFactory.getLogger(LockBlockers.class);

    private static final String EXCLUSIVE = """
            select l.pid, quote_ident(n.nspname) || '.' || quote_ident(c.relname),
                   case when l.granted then 'holds' else 'waits for' end, coalesce(a.usename, 'unknown'),
                   coalesce(a.state, 'unknown'), coalesce(a.application_name, ''), coalesce(extract(epoch from now() - a.xact_start)::int8, 0)
            from pg_locks l
            join pg_class c on c.oid = l.relation
            join pg_namespace n on n.oid = c.relnamespace
            left join pg_stat_activity a on a.pid = l.pid
            where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and c.relkind in ('r', 'p', 'S', 'm', 'v')
                  and l.database = (select oid from pg_database where datname = current_database()) and %s
            order by l.granted desc, 7 desc
            limit 10
            """.formatted(Catalog.USER_SCHEMA);

    private LockBlockers() {}

    /// What there is to say of a lock that was waited for in vain.
    ///
    /// @param words why, in the server's
    static Failure failure(Database database, FailureKind kind, String what, String words) {
        List<String> blockers = of(database);
        return Failure.of(
                        kind,
                        what,
                        words + (blockers.isEmpty() ? "" : "\nIn the way: " + String.join("; ", blockers) + "."))
                .withRemedy(
                        blockers.isEmpty()
                                ? "Nobody is in the way any more."
                                : "Wait for the sessions named above to end, or end them with"
                                        + " SELECT pg_terminate_backend(pid).",
                        "Run the command again; nobody should change the schema during the copy.");
    }

    /// One clause for each session and table, the oldest first; empty if there is none any more, or it cannot be told.
    static List<String> of(Database database) {
        List<String> blockers = new ArrayList<>();
        try (Connection connection =
                        database.connect(Session.named("copy blockers").with("statement_timeout", "5s"));
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(EXCLUSIVE)) {
            while (row.next()) {
                blockers.add("pid " + row.getInt(1) + " (\"" + row.getString(6) + "\", user " + row.getString(4) + ", "
                        + row.getString(5) + ", " + row.getLong(7) + " s in its transaction) " + row.getString(3)
                        + " an exclusive lock on "
                        + row.getString(2));
            }
        } catch (SQLException | MigrationException unavailable) {
            LOG.debug("blockers are unknown reason={}", unavailable.getMessage());
        }
        return blockers;
    }
}
