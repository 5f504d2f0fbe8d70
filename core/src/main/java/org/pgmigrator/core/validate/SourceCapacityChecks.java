package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/// Limits of the source that a long migration may run into.
final class SourceCapacityChecks {

    /// Below this the walsender may give us up while one large message is on its way.
    private static final long SHORT_WAL_SENDER_TIMEOUT_MILLIS = 10_000;

    private SourceCapacityChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("wal-sender-timeout", SourceCapacityChecks::walSenderTimeout),
                new Check<>("source-locks", SourceCapacityChecks::locks),
                new Check<>(
                        "source-connections",
                        (view, findings) -> connections(view.connection(), "source", view.request(), findings)));
    }

    private static void walSenderTimeout(SourceView view, Findings findings) throws SQLException {
        if (!view.online()) {
            findings.ok("wal_sender_timeout does not matter to an offline migration.");
            return;
        }
        long millis = Query.number(
                view.connection(), "select setting::bigint from pg_settings where name = 'wal_sender_timeout'");
        if (millis > 0 && millis < SHORT_WAL_SENDER_TIMEOUT_MILLIS) {
            findings.warning(
                    "wal_sender_timeout of the source is " + millis + " ms.",
                    "A short pause of the network or of this process would break the stream.",
                    "ALTER SYSTEM SET wal_sender_timeout = '60s';",
                    "SELECT pg_reload_conf();");
        } else {
            findings.ok("wal_sender_timeout is " + (millis == 0 ? "off" : millis / 1000 + " s") + ".");
        }
    }

    /// Two sessions hold ACCESS SHARE on every table at once: pg_dump's leader and the holder of the snapshot.
    private static void locks(SourceView view, Findings findings) throws SQLException {
        long backends = backends(view.connection());
        long capacity = lockCapacity(view.connection());
        long needed = 2L * view.plan().carried().size();
        if (needed <= capacity * 7 / 10) {
            findings.ok("The source's lock table takes " + capacity + " locks; the copy needs about " + needed + ".");
            return;
        }
        findings.warning(
                "The source's lock table takes about " + capacity + " locks, and the copy needs about " + needed + ".",
                "pg_dump and the holder of the snapshot each lock every table; the application's locks come on top.",
                "ALTER SYSTEM SET max_locks_per_transaction = " + (needed * 2 / backends + 1) + ";",
                "Restart the source's server: max_locks_per_transaction changes only then.");
    }

    /// How many transactions the server has room for: each brings `max_locks_per_transaction` locks along.
    static long backends(Connection connection) throws SQLException {
        return Query.number(
                connection,
                "select current_setting('max_connections')::bigint"
                        + " + current_setting('max_prepared_transactions')::bigint");
    }

    /// How many locks all transactions together may hold, roughly.
    static long lockCapacity(Connection connection) throws SQLException {
        return backends(connection)
                * Query.number(connection, "select current_setting('max_locks_per_transaction')::bigint");
    }

    /// Sessions beside the workers: the leader, the holder of the snapshot, the heartbeat or the slot's watch, one to
    /// spare.
    private static final int OTHER_SESSIONS = 4;

    private static final String FREE_CONNECTIONS = """
            select current_setting('max_connections')::bigint
                   - case when (select rolsuper from pg_roles where rolname = current_user) then 0
                          else current_setting('superuser_reserved_connections')::bigint
                               + coalesce(current_setting('reserved_connections', true)::bigint, 0) end
                   - (select count(*) from pg_stat_activity where datid is not null)
            """;

    static void connections(Connection connection, String side, Request request, Findings findings)
            throws SQLException {
        long free = Query.number(connection, FREE_CONNECTIONS);
        int needed = request.copy().jobs() + OTHER_SESSIONS;
        if (free >= needed) {
            findings.ok("The " + side + " has " + free + " connections free.");
            return;
        }
        findings.warning(
                "The " + side + " has only " + Math.max(free, 0) + " connections free; with --jobs "
                        + request.copy().jobs() + " about " + needed + " are used.",
                "The application's own connections may be refused, or the migration's.",
                "Use fewer --jobs, or raise max_connections of the " + side + " (needs a restart).");
    }
}
