package org.pgmigrator.core.cutover;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A trigger on every locked table of the source that refuses INSERT, UPDATE, DELETE and TRUNCATE with SQLSTATE 25006.
///
/// The lock session makes them and commits: this COMMIT unlocks the tables and closes them in one step, and is the
/// point
/// of no return. They are ordinary triggers: a session with `session_replication_role = replica` passes.
///
/// Source: https://www.postgresql.org/docs/current/sql-createtrigger.html
public final class Fence {

    private static final Logger LOG = LoggerFactory.getLogger(Fence.class);

    /// DROP TRIGGER keeps readers waiting while it waits for them.
    private static final Duration DROP_ATTEMPT = Duration.ofSeconds(1);

    private static final Duration DROP_PAUSE = Duration.ofSeconds(1);

    private static final Duration POLL = Duration.ofMillis(20);

    private Fence() {}

    /// How an attempt to close the source ended.
    public sealed interface Outcome {
        /// The source is closed, as the catalogue has confirmed. The target may be opened.
        ///
        /// @param tables how many triggers there are
        record Placed(int tables, Instant since) implements Outcome {}

        /// The source is not closed and the lock is gone: the cutover is void.
        record NotPlaced(Failure failure) implements Outcome {}

        /// The COMMIT was sent and not answered: [Fence#lookUp] tells.
        record Unknown(Failure failure) implements Outcome {}
    }

    /// Closes the source. The lock is used up, however this ends.
    public static Outcome place(SourceLock lock) {
        return place(lock, FaultPoint.FENCE_BEGINS::reached, FaultPoint.FENCE_UNCOMMITTED::reached);
    }

    /// @param beforeCreating between the last look at the lock and the first statement
    /// @param beforeCommit   between the last statement and COMMIT
    static Outcome place(SourceLock lock, Runnable beforeCreating, Runnable beforeCommit) {
        if (!lock.isHeld()) {
            lock.release();
            return new Outcome.NotPlaced(Failure.of(
                    FailureKind.SOURCE_LOCK_LOST,
                    "The lock on the source's tables was lost before the source was closed.",
                    lock.lost().orElse("it was given up")));
        }
        lock.handOver();
        LockSession session = lock.session();
        Instant since = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        int tables = lock.tables().size();
        beforeCreating.run();
        try {
            create(session, tables, since);
        } catch (SQLException refusal) {
            lock.release();
            return new Outcome.NotPlaced(notClosed(refusal));
        }
        beforeCommit.run();
        try {
            session.connection().commit();
            if (state(session.connection()).presence() == FenceState.Presence.EXISTS) {
                LOG.info("source fenced tables={} token={}", tables, session.token());
                return new Outcome.Placed(tables, since);
            }
            return new Outcome.Unknown(
                    Failure.of(FailureKind.SOURCE_FENCE, "The source's fence was committed and is not there.", ""));
        } catch (SQLException unanswered) {
            return new Outcome.Unknown(Failure.of(
                    FailureKind.SOURCE_FENCE,
                    "Whether the source is closed is unknown: the fence's COMMIT was not answered.",
                    SqlState.serverWords(unanswered)));
        } finally {
            endQuietly(session);
        }
    }

    private static void create(LockSession session, int tables, Instant since) throws SQLException {
        Connection connection = session.connection();
        session.execute(FenceSql.limits(LockLimits.fenceFor(tables)));
        boolean watched = silenceEventTriggers(session);
        session.execute(FenceSql.schema());
        session.execute(FenceSql.function(since));
        session.execute(FenceSql.TRIGGERS);
        session.execute(FenceSql.comment(session.token(), tables, since));
        FenceState made = state(connection);
        if (made.presence() != FenceState.Presence.EXISTS) {
            throw new SQLException(
                    "only " + made.present() + " of " + tables + " tables have the fence's trigger",
                    SqlState.UNDEFINED_TABLE);
        }
        if (watched) {
            String written = Catalog.value(connection, FenceSql.WRITTEN);
            if (written != null && !written.isEmpty()) {
                throw new SQLException(
                        "event triggers of the source have written to " + written
                                + " in the fence's transaction, which " + "would not reach the target",
                        SqlState.OBJECT_IN_USE);
            }
        }
    }

    /// Event triggers that record DDL write rows, after the last marker. The replica role does not fire them.
    ///
    /// @return whether there are some that will fire
    private static boolean silenceEventTriggers(LockSession session) throws SQLException {
        if (!"t".equals(Catalog.value(session.connection(), FenceSql.EVENT_TRIGGERS))) {
            return false;
        }
        if (!SessionRole.mayBeReplica(session.connection())) {
            return true;
        }
        session.execute("set local session_replication_role = replica");
        // Those that fire always still do.
        return true;
    }

    private static Failure notClosed(SQLException refusal) {
        Failure failure = Failure.of(
                SqlState.isConnectionLoss(refusal) ? FailureKind.SOURCE_UNREACHABLE : FailureKind.SOURCE_FENCE,
                "The source could not be closed, and takes writes again.",
                SqlState.serverWords(refusal));
        return switch (String.valueOf(refusal.getSQLState())) {
            case SqlState.DUPLICATE_SCHEMA ->
                failure.withRemedy(
                        "The fence of an earlier cutover was not removed: pg-migrator abort --unlock-source, or on the "
                                + "source: " + FenceSql.DROP);
            case SqlState.INSUFFICIENT_PRIVILEGE ->
                failure.withRemedy("Grant CREATE on the database and TRIGGER on each carried table to this role.");
            case SqlState.OBJECT_IN_USE, SqlState.READ_ONLY_SQL_TRANSACTION ->
                failure.withRemedy(
                        "Disable these event triggers for the time of the cutover: ALTER EVENT TRIGGER ... DISABLE");
            default -> failure;
        };
    }

    private static void endQuietly(LockSession session) {
        try {
            session.rollback();
        } catch (SQLException lost) {
            LOG.debug("lock session ended after the fence reason={}", lost.getMessage());
        }
    }

    /// Looks whether the source is closed, after every lock session of this migration has ended: one that is still
    /// there
    /// could yet commit. Those that are, are ended.
    ///
    /// @param session   a new one on the source, in autocommit mode
    /// @param migration what [SourceLock#open] was given
    /// @throws MigrationException SOURCE_FENCE if such a session does not end in time, or the source's kinds
    public static FenceState lookUp(Connection session, String migration, Duration patience)
            throws InterruptedException {
        String application = LockSession.applicationName(migration);
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            while (!"0"
                    .equals(Catalog.value(
                            session,
                            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname ="
                                    + " current_database() and application_name = ? and pid <> pg_backend_pid()",
                            application))) {
                if (System.nanoTime() > deadline) {
                    throw new MigrationException(Failure.of(
                            FailureKind.SOURCE_FENCE,
                            "A session \"" + application + "\" is still there, and may close the source yet.",
                            "it did not end within " + patience.toSeconds() + " s"));
                }
                Thread.sleep(POLL);
            }
            return state(session);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The source's fence could not be looked up.", refusal);
        }
    }

    /// What the catalogue says now. While a lock session of the migration is there, that may change: see [#lookUp].
    public static FenceState state(Connection session) throws SQLException {
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery(FenceSql.STATE)) {
            return row.next() ? FenceState.of(row.getString(1), row.getInt(2)) : FenceState.NONE;
        }
    }

    /// What was done about a fence.
    ///
    /// @param existed whether there was anything of it
    /// @param removed false if only its triggers, which refuse nothing any more, are left, because somebody reads the
    ///                tables: [Fence#dropSql] takes them away later
    public record Dropped(boolean existed, boolean removed) {}

    /// Lets writes pass again at once, then removes what is left. Idempotent.
    ///
    /// @param session  in autocommit mode
    /// @param patience for the removal, which has to wait for the tables' readers
    public static Dropped drop(Connection session, Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            if (!exists(session)) {
                return new Dropped(false, true);
            }
            open(session);
            int triggers = state(session).present();
            while (!tryDrop(session, triggers)) {
                if (System.nanoTime() > deadline) {
                    return new Dropped(true, false);
                }
                Thread.sleep(DROP_PAUSE);
            }
            return new Dropped(true, true);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The source's fence could not be removed.", refusal);
        }
    }

    private static boolean exists(Connection session) throws SQLException {
        return "t"
                .equals(Catalog.value(
                        session, "select exists (select from pg_namespace where nspname = ?)", FenceSql.SCHEMA));
    }

    private static void open(Connection session) throws SQLException {
        try (Statement statement = session.createStatement()) {
            session.setAutoCommit(false);
            statement.execute(FenceSql.open());
            session.commit();
            LOG.info("source's fence opened");
        } catch (SQLException failed) {
            session.rollback();
            throw failed;
        } finally {
            session.setAutoCommit(true);
        }
    }

    /// Readers wait behind an attempt, so that it is short, as a whole and not for each table.
    private static boolean tryDrop(Connection session, int triggers) throws SQLException {
        String limit = LockSession.milliseconds(DROP_ATTEMPT.plus(Duration.ofMillis(triggers)));
        try (Statement statement = session.createStatement()) {
            session.setAutoCommit(false);
            // A notice for each of thousands of triggers is of no use.
            statement.execute("set local client_min_messages = warning; set local lock_timeout = "
                    + LockSession.milliseconds(DROP_ATTEMPT) + "; set local statement_timeout = " + limit);
            statement.execute(FenceSql.DROP);
            session.commit();
            LOG.info("source's fence removed");
            return true;
        } catch (SQLException failed) {
            session.rollback();
            if (LockSession.isNotGranted(failed.getSQLState())) {
                return false;
            }
            throw failed;
        } finally {
            session.setAutoCommit(true);
        }
    }

    /// The statement that removes it, for messages.
    public static String dropSql() {
        return FenceSql.DROP;
    }
}
