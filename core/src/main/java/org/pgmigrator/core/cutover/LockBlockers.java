package org.pgmigrator.core.cutover;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.postgres.Catalog;

/// Finds who stands in the way of EXCLUSIVE on some tables, and ends it where that is wanted.
///
/// Every role sees all locks; what a session of another role is doing is seen by members of `pg_read_all_stats` only.
/// Source: https://www.postgresql.org/docs/current/view-pg-locks.html
final class LockBlockers {

    private static final String CONFLICTING = "'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', "
            + "'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'";

    /// A prepared transaction's locks have no pid; the one on its transaction id tells which it is.
    private static final String HOLDERS_OF = """
            with held as (
                select l.pid, l.virtualtransaction, array_agg(distinct l.relation::regclass::text) as relations
                from pg_locks l
                where l.locktype = 'relation' and l.granted and l.mode in (%s)
                  and l.database = (select oid from pg_database where datname = current_database())
                  and l.relation::int8 = any(?) and l.pid is distinct from ?
                group by l.pid, l.virtualtransaction
            )
            select h.pid, h.virtualtransaction, h.relations,
                   coalesce(a.usename, p.owner, ''), coalesce(a.application_name, p.gid, ''), coalesce(a.state, ''),
                   (extract(epoch from clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000)::int8,
                   (extract(epoch from a.query_start) * 1000)::int8,
                   case when h.pid is null then 'PREPARED'
                        when a.backend_type = 'autovacuum worker' and a.query like '%%(to prevent wraparound)%%'
                             then 'WRAPAROUND_VACUUM'
                        when a.backend_type = 'autovacuum worker' or a.backend_type is null and a.usesysid is null
                             then 'AUTOVACUUM'
                        when a.backend_type is null then 'HIDDEN'
                        when a.backend_type <> 'client backend' then 'SERVER_PROCESS'
                        when exists (select from pg_stat_progress_create_index i where i.pid = h.pid) then 'INDEX_BUILD'
                        else 'CLIENT' end
            from held h
            left join pg_stat_activity a on a.pid = h.pid
            left join pg_locks x on h.pid is null and x.pid is null and x.virtualtransaction = h.virtualtransaction
                 and x.locktype = 'transactionid' and x.granted and x.mode = 'ExclusiveLock'
            left join pg_prepared_xacts p on p.transaction = x.transactionid
            order by 7 desc nulls last, 1
            """;

    private static final String HOLDERS = HOLDERS_OF.formatted(CONFLICTING);

    private static final String HOLDERS_OF_ANY = HOLDERS_OF.formatted("'AccessShareLock', " + CONFLICTING);

    /// Only while that very transaction still holds a lock: the session may be in another one by now.
    private static final String TERMINATE = """
            select coalesce(bool_or(pg_terminate_backend(pid)), false)
            from (select distinct pid from pg_locks where pid = ? and virtualtransaction = ? and granted) l
            """;

    private LockBlockers() {}

    /// Who holds conflicting locks now, the oldest transaction first.
    ///
    /// @param ownPid the session that wants the lock
    static List<LockBlocker> list(Connection observer, List<Long> relations, int ownPid) throws SQLException {
        return list(observer, HOLDERS, relations, ownPid);
    }

    /// Who else than the observer holds any lock, so that nobody gets ACCESS EXCLUSIVE.
    static List<LockBlocker> listAll(Connection observer, List<Long> relations) throws SQLException {
        return list(
                observer,
                HOLDERS_OF_ANY,
                relations,
                Integer.parseInt(String.valueOf(Catalog.value(observer, "select pg_backend_pid()"))));
    }

    private static List<LockBlocker> list(Connection observer, String query, List<Long> relations, int ownPid)
            throws SQLException {
        List<LockBlocker> blockers = new ArrayList<>();
        try (PreparedStatement statement = observer.prepareStatement(query)) {
            statement.setArray(1, observer.createArrayOf("int8", relations.toArray()));
            statement.setInt(2, ownPid);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    blockers.add(blocker(row));
                }
            }
        }
        return blockers;
    }

    private static LockBlocker blocker(ResultSet row) throws SQLException {
        Integer pid = row.getObject(1, Integer.class);
        return new LockBlocker(
                LockBlocker.Kind.valueOf(row.getString(9)),
                pid == null ? OptionalInt.empty() : OptionalInt.of(pid),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                milliseconds(row, 7).map(Duration::ofMillis),
                milliseconds(row, 8).map(Instant::ofEpochMilli),
                names(row.getArray(3)),
                row.getString(2));
    }

    private static Optional<Long> milliseconds(ResultSet row, int column) throws SQLException {
        return Optional.ofNullable(row.getObject(column, Long.class));
    }

    private static List<String> names(@Nullable Array array) throws SQLException {
        return array == null ? List.of() : List.of((String[]) array.getArray());
    }

    /// How many sessions wait for a lock on one of these tables.
    static int waiting(Connection observer, List<Long> relations) throws SQLException {
        try (PreparedStatement statement = observer.prepareStatement("select count(distinct pid) from pg_locks"
                + " where locktype = 'relation' and not granted and relation::int8 = any(?)")) {
            statement.setArray(1, observer.createArrayOf("int8", relations.toArray()));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }

    /// Ends the session whose transaction this is.
    ///
    /// @return whether it was still there
    /// @throws SQLException 42501 if the role may not
    static boolean terminate(Connection observer, LockBlocker blocker) throws SQLException {
        if (blocker.pid().isEmpty() || !blocker.kind().terminable()) {
            throw new IllegalArgumentException("not to be ended: " + blocker.describe());
        }
        try (PreparedStatement statement = observer.prepareStatement(TERMINATE)) {
            statement.setInt(1, blocker.pid().getAsInt());
            statement.setString(2, blocker.transaction());
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }
}
