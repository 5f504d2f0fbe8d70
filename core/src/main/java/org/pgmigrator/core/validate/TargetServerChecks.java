package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.SqlState;

/// What the target's server must be, and what the role must be allowed to do there.
final class TargetServerChecks {

    /// `GRANT SET ON PARAMETER` exists from here on.
    private static final int FIRST_WITH_PARAMETER_GRANTS = 15;

    /// Longer ones keep dead rows alive that the apply makes by the thousand.
    private static final int LONG_TRANSACTION_SECONDS = 60;

    private TargetServerChecks() {}

    static List<Check<TargetView>> all() {
        return List.of(
                new Check<>("target-primary", TargetServerChecks::primary),
                new Check<>("target-privilege", TargetServerChecks::create),
                new Check<>("target-replication-role", TargetServerChecks::replicationRole),
                new Check<>("target-closing", TargetServerChecks::closing),
                new Check<>("target-leftovers", TargetServerChecks::leftovers),
                new Check<>("target-read-only", TargetServerChecks::readOnly),
                new Check<>("target-event-triggers", TargetServerChecks::eventTriggers),
                new Check<>("target-long-transactions", TargetServerChecks::longTransactions),
                new Check<>(
                        "target-connections",
                        (view, findings) -> SourceCapacityChecks.connections(
                                view.connection(), "target", view.request(), findings)));
    }

    private static void primary(TargetView view, Findings findings) {
        if (view.server().inRecovery()) {
            findings.error(
                    "The target is a standby (in recovery).",
                    "Nothing can be written to it.",
                    "Name a primary in --target, or promote this one: SELECT pg_promote()");
        } else {
            findings.ok("The target is a primary, PostgreSQL " + view.server().major() + ".");
        }
    }

    private static void create(TargetView view, Findings findings) throws SQLException {
        if (Query.truth(view.connection(), "select has_database_privilege(current_database(), 'CREATE')")) {
            findings.ok("The role " + view.server().quotedRole() + " may create schemas on the target.");
        } else {
            findings.error(
                    "The role " + view.server().quotedRole() + " may not create schemas in the target database "
                            + view.server().quotedDatabase() + ".",
                    "The restore creates the source's schemas, and pg-migrator keeps its progress in its own.",
                    "GRANT CREATE ON DATABASE " + view.server().quotedDatabase() + " TO "
                            + view.server().quotedRole() + ";");
        }
        if (!Query.truth(view.connection(), "select has_database_privilege(current_database(), 'TEMPORARY')")) {
            findings.error(
                    "The role " + view.server().quotedRole()
                            + " may not create temporary tables in the target database "
                            + view.server().quotedDatabase() + ".",
                    "Changes of many rows, and values that are large, pass through temporary tables.",
                    "GRANT TEMPORARY ON DATABASE " + view.server().quotedDatabase() + " TO "
                            + view.server().quotedRole() + ";");
        }
    }

    /// Tries it, in this check's transaction, which is rolled back.
    static boolean mayReplicate(TargetView view) throws SQLException {
        try (Statement statement = view.connection().createStatement()) {
            statement.execute("SET LOCAL session_replication_role = replica");
            return true;
        } catch (SQLException e) {
            if (SqlState.INSUFFICIENT_PRIVILEGE.equals(e.getSQLState())) {
                return false;
            }
            throw e;
        }
    }

    private static void replicationRole(TargetView view, Findings findings) throws SQLException {
        if (!view.online()) {
            findings.ok("An offline migration does not need session_replication_role.");
            return;
        }
        if (mayReplicate(view)) {
            findings.ok("The role " + view.server().quotedRole() + " may set session_replication_role on the target.");
            return;
        }
        List<String> remedy = new ArrayList<>();
        if (view.server().major() >= FIRST_WITH_PARAMETER_GRANTS) {
            remedy.add("GRANT SET ON PARAMETER session_replication_role TO "
                    + view.server().quotedRole() + ";");
            remedy.add("On a managed service connect as its administrator instead (rds_superuser and the like may"
                    + " set it).");
        } else {
            remedy.add("Connect as a superuser, or as the managed service's administrator (rds_superuser and the"
                    + " like may set it); PostgreSQL " + view.server().major() + " cannot grant it.");
        }
        findings.error(
                "The role " + view.server().quotedRole() + " may not set session_replication_role on the target.",
                "Without it foreign keys and triggers would act on every applied change.",
                remedy);
    }

    static boolean mayClose(TargetView view) throws SQLException {
        return Query.truth(
                view.connection(),
                "select pg_has_role(current_user, datdba, 'usage') from pg_database"
                        + " where datname = current_database()");
    }

    private static void closing(TargetView view, Findings findings) throws SQLException {
        if (mayClose(view)
                && !view.request().resume()
                && !view.request().filter().isEverything()
                && hasTables(view)) {
            findings.warning(
                    "The target database " + view.server().quotedDatabase()
                            + " has tables beside those that come, and is" + " closed as a whole during the migration.",
                    "From the start to the cutover every new session there is read only by default"
                            + " (default_transaction_read_only): nobody can write to those tables either.",
                    "If an application writes to them, migrate to a database of its own.");
        } else if (mayClose(view)) {
            findings.ok("The target can be closed to other writers during the migration.");
        } else {
            findings.warning(
                    "The target cannot be closed during the migration: the role "
                            + view.server().quotedRole() + " does not own the database "
                            + view.server().quotedDatabase() + ".",
                    "ALTER DATABASE ... SET default_transaction_read_only needs ownership. Whoever writes to the target"
                            + " before it is opened breaks the migration.",
                    "ALTER DATABASE " + view.server().quotedDatabase() + " OWNER TO "
                            + view.server().quotedRole() + ";",
                    "Or make sure that no application connects to the target before the cutover.");
        }
    }

    private static boolean hasTables(TargetView view) throws SQLException {
        return Query.truth(
                view.connection(),
                "select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                        + " where c.relkind in ('r', 'p') and " + Catalog.USER_SCHEMA
                        + " and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass"
                        + " and d.objid = c.oid and d.deptype = 'e'))");
    }

    private static void leftovers(TargetView view, Findings findings) throws SQLException {
        boolean present = Query.truth(
                view.connection(), "select exists (select from pg_namespace where nspname = ?)", Catalog.OWN_SCHEMA);
        if (view.request().resume()) {
            findings.ok(
                    present
                            ? "The state of the stopped migration is on the target."
                            : "There is no state of a stopped migration on the target.");
        } else if (present) {
            findings.error(
                    "The target has a schema " + Catalog.OWN_SCHEMA + " already.",
                    "It holds the progress of a migration that has not ended.",
                    "Go on with that migration: --resume.",
                    "Or give it up, together with its slot and publication on the source: pg-migrator abort.",
                    "If abort knows of no migration there:",
                    "DROP SCHEMA " + Catalog.OWN_SCHEMA + " CASCADE;");
        } else {
            findings.ok("No earlier migration has left its state on the target.");
        }
    }

    private record Closed(String database, String role, String statement) {}

    /// A default that is set for everybody is undone at the end, one for a role alone would stay.
    private static void readOnly(TargetView view, Findings findings) throws SQLException {
        List<Closed> closed = Query.list(view.connection(), """
                select coalesce(d.datname, ''), coalesce(r.rolname, '')
                from pg_db_role_setting s left join pg_database d on d.oid = s.setdatabase
                left join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) c
                where (s.setdatabase = 0 or d.datname = current_database())
                  and lower(c) in ('default_transaction_read_only=on', 'default_transaction_read_only=true')
                """, row -> closed(row.getString(1), row.getString(2)));
        if (closed.isEmpty() || view.request().resume()) {
            findings.ok("The target's sessions may write by default.");
            return;
        }
        findings.warning(
                "default_transaction_read_only is on for "
                        + Words.list(closed.stream()
                                .map(setting -> (setting.role().isEmpty() ? "everybody" : "role " + setting.role())
                                        + (setting.database().isEmpty() ? "" : " in database " + setting.database()))
                                .toList())
                        + " on the target.",
                "An earlier migration may have closed the target. The application could not write after the cutover.",
                closed.stream().map(Closed::statement).toList());
    }

    private static Closed closed(String database, String role) {
        String where = role.isEmpty()
                ? "ALTER DATABASE " + QualifiedName.quote(database)
                : "ALTER ROLE " + QualifiedName.quote(role)
                        + (database.isEmpty() ? "" : " IN DATABASE " + QualifiedName.quote(database));
        return new Closed(database, role, where + " RESET default_transaction_read_only;");
    }

    private static void eventTriggers(TargetView view, Findings findings) throws SQLException {
        List<String> triggers = Query.strings(
                view.connection(),
                "select evtname from pg_event_trigger t where evtenabled <> 'D' and not exists (select from pg_depend d"
                        + " where d.classid = 'pg_event_trigger'::regclass and d.objid = t.oid and d.deptype = 'e')"
                        + " order by 1");
        if (!triggers.isEmpty() && !view.request().resume()) {
            findings.warning(
                    "The target has event triggers: " + Words.list(triggers) + ".",
                    "They fire for every statement of the restore.",
                    triggers.stream()
                            .map(name -> "ALTER EVENT TRIGGER " + QualifiedName.quote(name) + " DISABLE;")
                            .toList());
        }
    }

    private static void longTransactions(TargetView view, Findings findings) throws SQLException {
        List<String> old = Query.list(
                view.connection(),
                """
                select pid, coalesce(usename::text, '?'), coalesce(application_name, ''),
                       extract(epoch from clock_timestamp() - xact_start)::bigint
                from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                  and xact_start < clock_timestamp() - make_interval(secs => ?)
                order by xact_start
                """,
                row -> "pid " + row.getInt(1) + " (user " + row.getString(2)
                        + (row.getString(3).isEmpty() ? "" : ", " + row.getString(3)) + ", open for " + row.getLong(4)
                        + " s)",
                (double) LONG_TRANSACTION_SECONDS);
        if (old.isEmpty()) {
            findings.ok("No long transaction is open on the target.");
        } else {
            findings.warning(
                    "Long transactions are open on the target: " + Words.list(old) + ".",
                    "They keep dead rows alive, which makes applying changes several times slower, and may hold locks"
                            + " that the restore needs.",
                    "Wait for their end, or end them with SELECT pg_terminate_backend(pid).");
        }
    }
}
