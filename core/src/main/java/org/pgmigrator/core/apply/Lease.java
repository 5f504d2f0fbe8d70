package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Ghosts;
import org.pgmigrator.core.postgres.Side;

/// A right that only one session on the target may have at a time: an advisory lock, which ends with its session.
///
/// Source: https://www.postgresql.org/docs/current/explicit-locking.html (Advisory Locks)
public final class Lease {

    private static final Duration RETRY = Duration.ofMillis(250);

    private static final String KEY = "hashtextextended('pgmigrator ' || ?, 0)";

    private Lease() {}

    /// Takes it, waiting for at most `limit`: the session of a process that is gone may still be ending. One that this
    /// process has lost, and the server has not, is ended.
    ///
    /// @param target a session on the target
    /// @param name what it is a right to, unique in the database
    /// @param refused the sentence that says so if another session keeps it
    /// @throws MigrationException TARGET_IN_USE if another session keeps it
    public static void take(Connection target, String name, Duration limit, String refused)
            throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!tryTake(target, name)) {
            Optional<Holder> holder = holder(target, name);
            boolean ghost = holder.isPresent()
                    && Ghosts.end(target, Side.TARGET, holder.get().pid());
            if (System.nanoTime() >= deadline) {
                throw new MigrationException(Failure.of(FailureKind.TARGET_IN_USE, refused, describe(holder, ghost)));
            }
            Thread.sleep(RETRY);
        }
    }

    private static boolean tryTake(Connection target, String name) throws SQLException {
        try (PreparedStatement statement = target.prepareStatement("select pg_try_advisory_lock(" + KEY + ")")) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    private static String describe(Optional<Holder> holder, boolean ghost) {
        if (holder.isEmpty()) {
            return "its advisory lock is held";
        }
        String held = "advisory lock held by pid " + holder.get().pid() + " ("
                + holder.get().applicationName() + ", from " + holder.get().address() + ")";
        return ghost ? held + ": a session of an earlier connection of this process is still held by the server" : held;
    }

    /// The session that has the right now, as the server sees it; what the role may not see is empty.
    ///
    /// @param pid     of the server's process, not of ours
    /// @param address where its client is; `local` without a network
    /// @param since   when the session began
    public record Holder(int pid, String applicationName, String address, Optional<Instant> since) {}

    /// Who has it, without taking it; empty if nobody does.
    public static Optional<Holder> holder(Connection target, String name) throws SQLException {
        try (PreparedStatement statement = target.prepareStatement("""
                select a.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'local'), a.backend_start
                from pg_locks l join pg_stat_activity a on a.pid = l.pid
                where l.locktype = 'advisory' and l.granted and l.objsubid = 1
                  and l.classid::int8 << 32 | l.objid::int8 =\s""" + KEY + """

                  and l.database = (select oid from pg_database where datname = current_database())""")) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                return Optional.of(new Holder(
                        row.getInt(1),
                        row.getString(2),
                        row.getString(3),
                        Optional.ofNullable(row.getObject(4, OffsetDateTime.class))
                                .map(OffsetDateTime::toInstant)));
            }
        }
    }
}
