package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.snapshot.ExportedSnapshot.Backend;
import org.pgmigrator.decoder.Lsn;

/// What the target knows of a `snapshot-holder`: which session of the source holds which snapshot, under which name.
///
/// What a record says may be over: only the source knows whether the session is alive, and whoever imports the snapshot
/// whether it is the one.
///
/// @param consistentPoint of the slot that the snapshot belongs to
/// @param snapshot        as the holder has exported it
/// @param backend         the session on the source
/// @param host            the machine of the holder's process
/// @param processId       there
public record HolderRecord(
        Lsn consistentPoint, String snapshot, Backend backend, String host, long processId, Instant since) {

    /// What the holder's sessions are for, in their names.
    public static final String PURPOSE = "snapshot-holder";

    static void createTable(Connection target) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.execute("""
                    create table if not exists pgmigrator.snapshot_holder (
                        subscription text primary key,
                        consistent_point pg_lsn not null,
                        snapshot text not null,
                        backend_pid int not null,
                        backend_start text not null,
                        application_name text not null,
                        host text not null,
                        process_id bigint not null,
                        since timestamptz not null default clock_timestamp()
                    )""");
        }
    }

    private static boolean exists(Connection target) throws SQLException {
        return Catalog.value(target, "select to_regclass('pgmigrator.snapshot_holder')::text") != null;
    }

    /// The last one that was written and not removed.
    public static Optional<HolderRecord> read(Connection target, String subscription) throws SQLException {
        if (!exists(target)) {
            return Optional.empty();
        }
        try (PreparedStatement statement = target.prepareStatement(
                "select consistent_point::text, snapshot, backend_pid, backend_start, application_name, host, process_id,"
                        + " since from pgmigrator.snapshot_holder where subscription = ?")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(new HolderRecord(
                                Lsn.parse(row.getString(1)),
                                row.getString(2),
                                new Backend(row.getInt(3), row.getString(4), row.getString(5)),
                                row.getString(6),
                                row.getLong(7),
                                row.getObject(8, OffsetDateTime.class).toInstant()))
                        : Optional.empty();
            }
        }
    }

    /// In place of an earlier one; since when is the target's to say.
    public void write(Connection target, String subscription) throws SQLException {
        try (PreparedStatement insert = target.prepareStatement("""
                insert into pgmigrator.snapshot_holder
                values (?, ?::pg_lsn, ?, ?, ?, ?, ?, ?, clock_timestamp())
                on conflict (subscription) do update set consistent_point = excluded.consistent_point,
                    snapshot = excluded.snapshot, backend_pid = excluded.backend_pid,
                    backend_start = excluded.backend_start, application_name = excluded.application_name,
                    host = excluded.host, process_id = excluded.process_id, since = excluded.since""")) {
            insert.setString(1, subscription);
            insert.setString(2, consistentPoint.toString());
            insert.setString(3, snapshot);
            insert.setInt(4, backend.pid());
            insert.setString(5, backend.started());
            insert.setString(6, backend.applicationName());
            insert.setString(7, host);
            insert.setLong(8, processId);
            insert.executeUpdate();
        }
    }

    /// Whether the session is alive: another one may have its number by now.
    public boolean isAlive(Connection source) throws SQLException {
        return "t"
                .equals(Catalog.value(
                        source,
                        "select exists (select from pg_stat_activity where pid = ? and backend_start = ?::timestamptz"
                                + " and application_name = ?)",
                        backend.pid(),
                        backend.started(),
                        backend.applicationName()));
    }

    /// Ends the session, if it still is the one.
    ///
    /// @return whether it was there
    public boolean end(Connection source) throws SQLException {
        try (PreparedStatement statement =
                source.prepareStatement("select pg_terminate_backend(pid, 10000) from pg_stat_activity where pid = ?"
                        + " and backend_start = ?::timestamptz and application_name = ?")) {
            statement.setInt(1, backend.pid());
            statement.setString(2, backend.started());
            statement.setString(3, backend.applicationName());
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        }
    }

    /// Whether a holder of this migration has a snapshot on the source, for whoever cannot ask the target.
    public static boolean anyOn(Connection source, String subscription) throws SQLException {
        return "t"
                .equals(Catalog.value(
                        source,
                        "select exists (select from pg_stat_activity where application_name = ? and backend_xmin is not null)",
                        Session.NAME_PREFIX + PURPOSE + Session.suffix(subscription)));
    }

    /// Nobody is looked for any more. The session is not ended by this: see [#end].
    public static void remove(Connection target, String subscription) throws SQLException {
        if (exists(target)) {
            try (PreparedStatement delete =
                    target.prepareStatement("delete from pgmigrator.snapshot_holder where subscription = ?")) {
                delete.setString(1, subscription);
                delete.executeUpdate();
            }
        }
    }
}
