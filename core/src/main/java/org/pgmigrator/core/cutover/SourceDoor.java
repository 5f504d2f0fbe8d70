package org.pgmigrator.core.cutover;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The source's database as read-only by default, and the end of its client sessions.
///
/// With the fence it is an addition: new sessions hear at once that they are at the wrong place. Alone
/// (`--source-lock read-only`) it is a request, not a wall: any session can set `default_transaction_read_only` itself.
///
/// Nothing here ends by itself when this process does: the journal has to have [Closing#undoSql] before [#close].
public final class SourceDoor {

    private static final Logger LOG = LoggerFactory.getLogger(SourceDoor.class);

    private static final Duration POLL = Duration.ofMillis(50);

    /// Ours are named; a walsender is no client session.
    private static final String OTHERS = "datname = current_database() and pid <> pg_backend_pid()"
            + " and application_name not like '" + Session.NAME_PREFIX + "%'"
            + " and coalesce(backend_type, 'client backend') = 'client backend' and usesysid is not null";

    /// A session that began after the setting has it, unless it took it off: what that may do, nobody can see before it
    /// has written. Every role sees who has a transaction id, since that is a lock.
    private static final String WRITERS = """
            select format('pid %s (user %s, application "%s")', pid, usename, application_name)
            from pg_stat_activity a where {others} and exists (
                select from pg_locks l where l.pid = a.pid and l.locktype = 'transactionid' and l.granted
                and l.mode = 'ExclusiveLock')
            union all
            select format('prepared transaction "%s" of %s', gid, owner) from pg_prepared_xacts
            where database = current_database()
            order by 1
            """.replace("{others}", OTHERS.replace("pid <>", "a.pid <>"));

    private SourceDoor() {}

    /// The database's default and how it is taken back.
    ///
    /// @param undoSql what makes the setting as it was before
    public record Closing(String sql, String undoSql) {}

    /// How sessions were ended.
    ///
    /// @param ended   how many are gone
    /// @param refused one line for each that the role may not end, or that is still there
    public record Ended(int ended, List<String> refused) {
        public Ended {
            refused = List.copyOf(refused);
        }
    }

    /// What [#close] will do. Changes nothing.
    public static Closing plan(Connection source) {
        try {
            String alter = "ALTER DATABASE "
                    + QualifiedName.quote(String.valueOf(Catalog.value(source, "select current_database()")));
            String before = Catalog.value(source, """
                    select coalesce((
                        select split_part(item, '=', 2)
                        from pg_db_role_setting s, unnest(s.setconfig) item
                        where s.setrole = 0 and s.setdatabase = (select oid from pg_database where datname = current_database())
                          and split_part(item, '=', 1) = 'default_transaction_read_only'), '')
                    """);
            return new Closing(
                    alter + " SET default_transaction_read_only = on",
                    alter
                            + (before == null || before.isEmpty()
                                    ? " RESET default_transaction_read_only"
                                    : " SET default_transaction_read_only = " + FenceSql.literal(before)));
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// How a default that is there now is taken back, when nobody knows any more what it was before.
    public static Optional<Closing> found(Connection source) {
        try {
            String alter = "ALTER DATABASE "
                    + QualifiedName.quote(String.valueOf(Catalog.value(source, "select current_database()")));
            return isReadOnlyByDefault(source)
                    ? Optional.of(new Closing(
                            alter + " SET default_transaction_read_only = on",
                            alter + " RESET default_transaction_read_only"))
                    : Optional.empty();
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    static boolean isReadOnlyByDefault(Connection connection) throws SQLException {
        return "t".equals(Catalog.value(connection, """
                select exists (
                    select from pg_db_role_setting s, unnest(s.setconfig) item
                    where s.setrole = 0 and s.setdatabase = (select oid from pg_database where datname = current_database())
                      and item in ('default_transaction_read_only=on', 'default_transaction_read_only=true'))
                """));
    }

    /// Sets the default for new sessions.
    public static void close(Connection source, Closing closing) {
        execute(source, closing.sql());
        LOG.info("source's database made read-only by default");
    }

    /// Takes that back. Idempotent.
    public static void open(Connection source, Closing closing) {
        execute(source, closing.undoSql());
        LOG.info("source's database has its own default again");
    }

    private static void execute(Connection source, String sql) {
        try (Statement statement = source.createStatement()) {
            statement.execute(sql);
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// Ends all client sessions of the database but pg-migrator's, and waits until they are gone.
    public static Ended endSessions(Connection source, Duration patience) throws InterruptedException {
        try {
            List<Integer> pids = pids(source);
            List<String> refused = new ArrayList<>();
            for (int pid : pids) {
                terminate(source, pid, refused);
            }
            long deadline = System.nanoTime() + patience.toNanos();
            List<Integer> left = remaining(source, pids);
            while (!left.isEmpty() && refused.isEmpty() && System.nanoTime() < deadline) {
                Thread.sleep(POLL);
                left = remaining(source, pids);
            }
            if (refused.isEmpty()) {
                left.forEach(pid -> refused.add("pid " + pid + " is still there"));
            }
            LOG.info("client sessions ended count={} refused={}", pids.size() - left.size(), refused.size());
            return new Ended(pids.size() - left.size(), refused);
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    private static List<Integer> remaining(Connection source, List<Integer> pids) throws SQLException {
        List<Integer> left = new ArrayList<>(pids(source));
        left.retainAll(pids);
        return left;
    }

    private static List<Integer> pids(Connection source) throws SQLException {
        List<Integer> pids = new ArrayList<>();
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery("select pid from pg_stat_activity where " + OTHERS)) {
            while (row.next()) {
                pids.add(row.getInt(1));
            }
        }
        return pids;
    }

    private static void terminate(Connection source, int pid, List<String> refused) throws SQLException {
        try {
            Catalog.value(source, "select pg_terminate_backend(?)", pid);
        } catch (SQLException refusal) {
            if (!SqlState.INSUFFICIENT_PRIVILEGE.equals(refusal.getSQLState())) {
                throw refusal;
            }
            refused.add("pid " + pid + ": " + SqlState.serverWords(refusal));
        }
    }

    /// Who is writing in spite of all that: transactions that have written, and prepared ones, one line each.
    public static List<String> writers(Connection source) {
        List<String> writers = new ArrayList<>();
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery(WRITERS)) {
            while (row.next()) {
                writers.add(row.getString(1));
            }
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
        return writers;
    }

    private static RuntimeException failed(SQLException refusal) {
        return SqlState.toException(
                Side.SOURCE, "The source's database could not be made read-only, or back.", refusal);
    }
}
