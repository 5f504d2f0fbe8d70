package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.decoder.Lsn;

/// How far a cutover came, in `pgmigrator.cutover` on the target: what the next process has to know of one that was cut
/// off.
///
/// @param step     the last step that was done
/// @param token    of the fence that may have been placed; empty before that was tried
/// @param finalLsn commit end of the marker that the target's progress has reached; empty before the fence
/// @param locked   for how long writes have been kept away when this was read, by the target's clock alone; empty
/// before
/// the fence, and if that clock was set back meanwhile
public record CutoverRecord(String step, Optional<String> token, Optional<Lsn> finalLsn, Optional<Duration> locked) {

    static void createTable(Connection target) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.execute("""
                    create table if not exists pgmigrator.cutover (
                        subscription text primary key,
                        step text not null,
                        token text,
                        final_lsn pg_lsn,
                        locked_at timestamptz,
                        began_at timestamptz not null default now(),
                        updated_at timestamptz not null default now()
                    )""");
        }
    }

    static boolean exists(Connection target) throws SQLException {
        return Catalog.value(target, "select to_regclass('pgmigrator.cutover')::text") != null;
    }

    /// A cutover begins: nothing of an earlier one counts.
    public static void begin(Connection target, String subscription) {
        try {
            createTable(target);
            update(
                    target,
                    "insert into pgmigrator.cutover (subscription, step) values (?, 'begun') on conflict (subscription)"
                            + " do update set step = excluded.step, token = null, final_lsn = null, locked_at = null,"
                            + " began_at = now(), updated_at = now()",
                    subscription);
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// A step is done. Nothing depends on it after a crash of the target, so that nobody waits for its disk.
    public static void step(Connection target, String subscription, String step) {
        try {
            update(
                    target,
                    "update pgmigrator.cutover set step = ?, updated_at = now()"
                            + " from (select set_config('synchronous_commit', 'off', true)) s where subscription = ?",
                    step,
                    subscription);
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// From now on the source may be closed by the fence of this token.
    public static void fencing(Connection target, String subscription, String token, Lsn finalLsn, Duration locked) {
        try (PreparedStatement statement = target.prepareStatement(
                "update pgmigrator.cutover set step = 'fence', token = ?, final_lsn = ?::pg_lsn,"
                        + " locked_at = clock_timestamp() - ? * interval '1 millisecond', updated_at = now() where subscription = ?")) {
            statement.setString(1, token);
            statement.setString(2, finalLsn.toString());
            statement.setLong(3, locked.toMillis());
            statement.setString(4, subscription);
            statement.executeUpdate();
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    /// The cutover is void, or over.
    public static void remove(Connection target, String subscription) {
        try {
            if (exists(target)) {
                update(target, "delete from pgmigrator.cutover where subscription = ?", subscription);
            }
        } catch (SQLException refusal) {
            throw failed(refusal);
        }
    }

    private static void update(Connection target, String sql, String... parameters) throws SQLException {
        try (PreparedStatement statement = target.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            statement.execute();
        }
    }

    /// Of the last cutover that has begun and was neither taken back nor cleaned up; empty if there is none.
    public static Optional<CutoverRecord> read(Connection target, String subscription) throws SQLException {
        if (!exists(target)) {
            return Optional.empty();
        }
        try (PreparedStatement statement = target.prepareStatement("select step, token, final_lsn::text,"
                + " (extract(epoch from clock_timestamp() - locked_at) * 1000)::int8"
                + " from pgmigrator.cutover where subscription = ?")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(new CutoverRecord(
                                row.getString(1),
                                Optional.ofNullable(row.getString(2)),
                                Optional.ofNullable(row.getString(3)).map(Lsn::parse),
                                Optional.ofNullable(row.getObject(4, Long.class))
                                        .map(Duration::ofMillis)
                                        .filter(Duration::isPositive)))
                        : Optional.empty();
            }
        }
    }

    private static RuntimeException failed(SQLException refusal) {
        return SqlState.toException(Side.TARGET, "How far the cutover is could not be recorded.", refusal);
    }
}
