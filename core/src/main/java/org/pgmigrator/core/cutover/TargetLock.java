package org.pgmigrator.core.cutover;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.SqlState;

/// ACCESS EXCLUSIVE on tables of the target, all or none of them: what ALTER TABLE takes.
///
/// Source: https://www.postgresql.org/docs/current/sql-lock.html
public final class TargetLock {

    /// Below a server's usual `deadlock_timeout` (1 s), so that no reader gets a deadlock error from us.
    private static final Duration WAIT = Duration.ofMillis(750);

    /// Beyond it: then autovacuum yields.
    private static final Duration WAIT_FOR_AUTOVACUUM = Duration.ofMillis(1500);

    private static final int CHUNK = 200;

    private TargetLock() {}

    /// Tries it once. The transaction that it begins is open afterwards if they are locked, and rolled back if not.
    ///
    /// @param inTheWay who was, the last time
    /// @return false if somebody holds one of them
    /// @throws SQLException with the transaction still open, if anything else fails
    public static boolean attempt(Connection target, List<QualifiedName> tables, List<LockBlocker> inTheWay)
            throws SQLException {
        boolean autovacuum = !inTheWay.isEmpty()
                && inTheWay.stream().allMatch(blocker -> blocker.kind() == LockBlocker.Kind.AUTOVACUUM);
        target.setAutoCommit(false);
        try (Statement statement = target.createStatement()) {
            statement.execute(
                    "set local lock_timeout = " + LockSession.milliseconds(autovacuum ? WAIT_FOR_AUTOVACUUM : WAIT));
            for (int from = 0; from < tables.size(); from += CHUNK) {
                statement.execute("lock table "
                        + tables.subList(from, Math.min(from + CHUNK, tables.size())).stream()
                                .map(QualifiedName::quoted)
                                .collect(Collectors.joining(", "))
                        + " in access exclusive mode");
            }
            return true;
        } catch (SQLException refused) {
            if (SqlState.LOCK_NOT_AVAILABLE.equals(refused.getSQLState())
                    || SqlState.DEADLOCK_DETECTED.equals(refused.getSQLState())) {
                target.rollback();
                target.setAutoCommit(true);
                return false;
            }
            throw refused;
        }
    }

    /// Who holds any lock on these tables or on their partitions, the oldest transaction first.
    ///
    /// @param target not the session that is to be told apart from them
    public static List<LockBlocker> blockers(Connection target, List<QualifiedName> tables) throws SQLException {
        List<Long> oids = new ArrayList<>();
        try (PreparedStatement statement = target.prepareStatement("""
                select coalesce(p.relid::oid, c.oid)::int8
                from unnest(?::text[]) w(name)
                join pg_class c on c.oid = to_regclass(w.name)
                left join lateral pg_partition_tree(c.oid) p on c.relkind = 'p'
                """)) {
            statement.setArray(
                    1,
                    target.createArrayOf(
                            "text", tables.stream().map(QualifiedName::quoted).toArray()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    oids.add(row.getLong(1));
                }
            }
        }
        return LockBlockers.listAll(target, oids);
    }
}
