package org.pgmigrator.core.postgres;

import java.sql.Connection;
import java.sql.SQLException;

/// Asks a server for its processes as the role that has logged in: with the rights of another one, which `role` may
/// have
/// been set to, the server would keep from us what our own sessions do.
///
/// Source: https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
public final class Backends {

    /// Columns of [#select]: the number of the process, the session's name, when it began and what it waits for. All
    /// but
    /// the number are text, empty where the server does not tell.
    static final int PID = 1;

    static final int NAME = 2;
    static final int STARTED = 3;
    static final int WAIT = 4;

    private static final String COLUMNS =
            "a.pid, coalesce(a.application_name, ''), coalesce(extract(epoch from a.backend_start)::text, ''),"
                    + " coalesce(a.wait_event, '')";

    /// The set role is that of the transaction alone, and is in force before the processes are looked at.
    private static final String AS_LOGIN =
            " from (select pg_catalog.set_config('role', 'none', true) as role offset 0) login,"
                    + " lateral pg_catalog.pg_stat_get_activity(case when login.role is not null then %s end) a";

    private Backends() {}

    /// Whether a pg-migrator, of whatever migration and on whatever machine, has a session in the database beside this
    /// one. Not within a transaction.
    public static boolean anotherOfOurs(Connection session) throws SQLException {
        return "t"
                .equals(Catalog.value(
                        session,
                        "select exists (select" + AS_LOGIN.formatted("null::int")
                                + " where a.pid <> pg_catalog.pg_backend_pid()"
                                + " and a.datid = (select oid from pg_catalog.pg_database where datname = current_database())"
                                + " and pg_catalog.starts_with(a.application_name, ?))",
                        Session.NAME_PREFIX));
    }

    /// A statement that reads one process.
    ///
    /// @param pid an expression: its number
    static String select(String pid) {
        return "select " + COLUMNS + AS_LOGIN.formatted(pid);
    }

    /// A statement that ends one process, if its name and its beginning are those of the parameters behind its number.
    static String terminate() {
        return "select pg_catalog.pg_terminate_backend(a.pid)" + AS_LOGIN.formatted("?")
                + " where a.application_name = ? and extract(epoch from a.backend_start)::text = ?";
    }
}
