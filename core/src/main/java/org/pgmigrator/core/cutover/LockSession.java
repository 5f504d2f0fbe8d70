package org.pgmigrator.core.cutover;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;

/// The session that holds the source's locks in one transaction: idle but for signs of life, so that the server ends it
/// when they stay away.
///
/// A driver's connection never connects again by itself: once it is lost, every statement fails. Statements of several
/// threads follow each other, which the driver sees to.
final class LockSession implements AutoCloseable {

    private static final int APPLICATION_NAME_LENGTH = 63;

    /// A table under autovacuum is asked for longer than this; on servers that wait longer, not at all.
    private static final Duration LONGEST_DEADLOCK_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration BEYOND_DEADLOCK_TIMEOUT = Duration.ofMillis(500);

    /// One EXECUTE for each table, so that the server's log names the table that could not be had, not thousands.
    private static final String LOCK = """
            do $lock$
            declare
                relation text;
            begin
                for relation in
                    select format('%I.%I', n.nspname, c.relname)
                    from unnest(current_setting('pgmigrator.relations')::oid[]) with ordinality w(oid, position)
                    join pg_class c on c.oid = w.oid join pg_namespace n on n.oid = c.relnamespace
                    order by w.position
                loop
                    execute 'lock table only ' || relation || ' in exclusive mode';
                end loop;
            end
            $lock$
            """;

    private static final String NOT_LOCKED = """
            select count(*) from unnest(current_setting('pgmigrator.relations')::oid[]) w(oid)
            where w.oid not in (select relation from pg_locks
                                where locktype = 'relation' and pid = pg_backend_pid() and mode = 'ExclusiveLock' and granted)
            """;

    private final Connection connection;
    private final String token;
    private final int pid;
    private final Duration deadlockTimeout;

    private LockSession(Connection connection, String token) throws SQLException {
        this.connection = connection;
        this.token = token;
        try (Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("select pg_backend_pid(), (select setting::int8 from pg_settings "
                                + "where name = 'deadlock_timeout')")) {
            row.next();
            pid = row.getInt(1);
            deadlockTimeout = Duration.ofMillis(row.getLong(2));
        }
    }

    /// By which the session of a migration is found in `pg_stat_activity`.
    static String applicationName(String migration) {
        String name = Session.NAME_PREFIX + "source lock " + migration;
        return name.length() <= APPLICATION_NAME_LENGTH ? name : name.substring(0, APPLICATION_NAME_LENGTH);
    }

    /// Opens it, with the dead man's switch in force from its first transaction on.
    ///
    /// @param token tells this lock from every other
    static LockSession open(Database source, String migration, String token, LockLimits limits) throws SQLException {
        String name = applicationName(migration).substring(Session.NAME_PREFIX.length());
        Connection connection = source.connect(Session.named(name)
                .with("idle_in_transaction_session_timeout", milliseconds(limits.switchDelay()))
                .with("idle_session_timeout", "0")
                .with("transaction_timeout", "0")
                .with("statement_timeout", milliseconds(limits.switchDelay()))
                // The fence must survive a crash of the source: the target is open by then.
                .with("synchronous_commit", "on")
                .with("tcp_keepalives_idle", "2")
                .with("tcp_keepalives_interval", "1")
                .with("tcp_keepalives_count", "3")
                .with("tcp_user_timeout", "5000"));
        try {
            noticeLostClient(connection);
            // A cut network is found out here too, and not only by the server.
            LockSession session = new LockSession(connection, token);
            connection.setNetworkTimeout(Runnable::run, (int)
                    limits.switchDelay().plus(LONGEST_DEADLOCK_TIMEOUT).toMillis());
            connection.setAutoCommit(false);
            return session;
        } catch (SQLException | RuntimeException failed) {
            closeQuietly(connection);
            throw failed;
        }
    }

    /// Lets a statement end when its client is gone. Not every system the server runs on can.
    private static void noticeLostClient(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set client_connection_check_interval = '1s'");
        } catch (SQLException unsupported) {
            // The statements' own time limits have to do.
        }
    }

    int pid() {
        return pid;
    }

    String token() {
        return token;
    }

    Connection connection() {
        return connection;
    }

    /// One attempt, rolled back as a whole unless everything is granted.
    ///
    /// Tables under autovacuum come first, in a mode that makes vacuum yield and no writer wait: vacuum yields only to
    /// who waits longer than `deadlock_timeout`.
    ///
    /// @param vacuumed names in SQL
    /// @return whether all are locked now
    /// @throws SQLException for any reason but that somebody else holds them
    boolean tryLock(List<Long> relations, List<String> vacuumed, Duration bound, Duration perLock) throws SQLException {
        try {
            askVacuumToYield(vacuumed);
            prepare(relations, bound, perLock);
            execute(LOCK);
            if (!"0".equals(Catalog.value(connection, NOT_LOCKED))) {
                throw new SQLException("a table was dropped while it was being locked", SqlState.UNDEFINED_TABLE);
            }
            return true;
        } catch (SQLException failed) {
            connection.rollback();
            if (isNotGranted(failed.getSQLState())) {
                return false;
            }
            throw failed;
        }
    }

    /// Whether a statement failed because others hold a lock for too long.
    static boolean isNotGranted(@Nullable String state) {
        return SqlState.LOCK_NOT_AVAILABLE.equals(state)
                || SqlState.QUERY_CANCELED.equals(state)
                || SqlState.DEADLOCK_DETECTED.equals(state);
    }

    private void askVacuumToYield(List<String> vacuumed) throws SQLException {
        if (vacuumed.isEmpty() || deadlockTimeout.compareTo(LONGEST_DEADLOCK_TIMEOUT) > 0) {
            return;
        }
        String limit = milliseconds(deadlockTimeout.plus(BEYOND_DEADLOCK_TIMEOUT));
        execute("set local lock_timeout = " + limit + "; set local statement_timeout = 0");
        for (String relation : vacuumed) {
            execute("lock table only " + relation + " in share update exclusive mode");
        }
    }

    private void prepare(List<Long> relations, Duration bound, Duration perLock) throws SQLException {
        Duration lockLimit = min(perLock, deadlockTimeout.multipliedBy(3).dividedBy(4));
        try (PreparedStatement statement =
                connection.prepareStatement("select set_config('pgmigrator.relations', ?, true),"
                        + " set_config('pgmigrator.lock', ?, true), set_config('lock_timeout', ?, true),"
                        + " set_config('statement_timeout', ?, true)")) {
            statement.setString(1, arrayLiteral(relations));
            statement.setString(2, token);
            statement.setString(3, milliseconds(lockLimit));
            statement.setString(4, milliseconds(bound));
            statement.execute();
        }
    }

    /// `{1,2,3}`.
    private static String arrayLiteral(List<Long> oids) {
        StringBuilder text = new StringBuilder("{");
        oids.forEach(oid -> text.append(text.length() > 1 ? "," : "").append(oid));
        return text.append('}').toString();
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /// Asks the server whether the locks' transaction is still open. It is a sign of life, too.
    ///
    /// @throws SQLException if the session is lost, or its transaction has failed
    boolean isHeld() throws SQLException {
        // Local to the transaction: in any later one it has no value.
        return token.equals(Catalog.value(connection, "select current_setting('pgmigrator.lock', true)"));
    }

    void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /// Gives the locks up.
    void rollback() throws SQLException {
        connection.rollback();
    }

    static String milliseconds(Duration duration) {
        return Long.toString(Math.max(duration.toMillis(), 1));
    }

    @Override
    public void close() {
        closeQuietly(connection);
    }

    static void closeQuietly(Connection connection) {
        try {
            connection.close();
        } catch (SQLException alreadyGone) {
            // With its session the locks are gone, which is what was wanted.
        }
    }
}
