package org.pgmigrator.core.lag;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The oldest open transaction of the source's server that has written: from its beginning on a slot keeps WAL,
/// whatever
/// was confirmed, because it is decoded from there.
///
/// @param who  the backend with its user, database and application, or the prepared transaction's name
/// @param open for how long it has been
/// https://www.postgresql.org/docs/current/view-pg-replication-slots.html (`restart_lsn`)
public record PinningTransaction(String who, Duration open) {

    private static final Logger log = LoggerFactory.getLogger(PinningTransaction.class);

    private static final String OLDEST = """
            select who, coalesce(extract(epoch from clock_timestamp() - since), 0)::float8
            from (select format('backend %s of %s on database "%s"%s, %s', pid, usename, datname,
                                case when application_name <> '' then ' (' || application_name || ')' else '' end, state),
                         xact_start, backend_xid
                  from pg_stat_activity where backend_xid is not null
                  union all
                  select format('prepared transaction ''%s'' of %s on database "%s"', gid, owner, database),
                         prepared, transaction
                  from pg_prepared_xacts) open (who, since, xid)
            order by age(xid) desc limit 1
            """;

    /// Looks for it.
    ///
    /// @return empty if there is none, or the role may not see it
    public static Optional<PinningTransaction> oldest(Connection source) {
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery(OLDEST)) {
            return row.next()
                    ? Optional.of(new PinningTransaction(
                            row.getString(1), Duration.ofMillis((long) (row.getDouble(2) * 1000))))
                    : Optional.empty();
        } catch (SQLException refusal) {
            log.warn("the oldest transaction could not be looked for: {}", refusal.getMessage());
            return Optional.empty();
        }
    }
}
