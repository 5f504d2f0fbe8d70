package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.UUID;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.decoder.Lsn;

/// What the target knows of a migration's spool: written before anything is confirmed to the source that only the spool
/// has, so that whoever goes on knows where it is.
///
/// In a table of its own: the progress row is the applier's, which would have to wait for it.
///
/// @param id            of the spool
/// @param host          the machine that it is on
/// @param directory     there
/// @param confirmedUpto what may have been confirmed to the source because the spool has it; not a position to resume
/// from
/// @param bytes         its size when this was written
public record SpoolRecord(UUID id, String host, String directory, Lsn confirmedUpto, long bytes, long limitBytes) {

    static void createTable(Connection target) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.execute("""
                    create table if not exists pgmigrator.spool (
                        subscription text primary key,
                        spool_id uuid not null,
                        owner uuid not null,
                        host text not null,
                        directory text not null,
                        confirmed_upto pg_lsn not null,
                        bytes bigint not null,
                        limit_bytes bigint not null,
                        updated_at timestamptz not null default now()
                    ) with (fillfactor = 20)""");
        }
    }

    private static boolean exists(Connection target) throws SQLException {
        return Catalog.value(target, "select to_regclass('pgmigrator.spool')::text") != null;
    }

    /// Empty if the target knows of no spool.
    public static Optional<SpoolRecord> read(Connection target, String subscription) throws SQLException {
        if (!exists(target)) {
            return Optional.empty();
        }
        try (PreparedStatement statement = target.prepareStatement(
                "select spool_id::text, host, directory, confirmed_upto::text, bytes, limit_bytes"
                        + " from pgmigrator.spool where subscription = ?")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(new SpoolRecord(
                                UUID.fromString(row.getString(1)),
                                row.getString(2),
                                row.getString(3),
                                Lsn.parse(row.getString(4)),
                                row.getLong(5),
                                row.getLong(6)))
                        : Optional.empty();
            }
        }
    }

    /// Writes all of it; from now on only `owner` may note how the spool goes on.
    public void announce(Connection target, String subscription, UUID owner) throws SQLException {
        createTable(target);
        try (PreparedStatement statement = target.prepareStatement("""
                insert into pgmigrator.spool values (?, ?::uuid, ?::uuid, ?, ?, ?::pg_lsn, ?, ?, clock_timestamp())
                on conflict (subscription) do update set spool_id = excluded.spool_id, owner = excluded.owner,
                    host = excluded.host, directory = excluded.directory, confirmed_upto = excluded.confirmed_upto,
                    bytes = excluded.bytes, limit_bytes = excluded.limit_bytes, updated_at = excluded.updated_at""")) {
            statement.setString(1, subscription);
            statement.setString(2, id.toString());
            statement.setString(3, owner.toString());
            statement.setString(4, host);
            statement.setString(5, directory);
            statement.setString(6, confirmedUpto.toString());
            statement.setLong(7, bytes);
            statement.setLong(8, limitBytes);
            statement.executeUpdate();
        }
    }

    /// Notes what is to be confirmed next, and how large the spool is.
    ///
    /// @throws MigrationException TARGET_IN_USE if another process has taken the migration over
    public static void note(Connection target, String subscription, UUID owner, Lsn confirmedUpto, long bytes)
            throws SQLException {
        try (PreparedStatement statement = target.prepareStatement("""
                update pgmigrator.spool
                set confirmed_upto = greatest(confirmed_upto, ?::pg_lsn), bytes = ?, updated_at = clock_timestamp()
                where subscription = ? and owner = ?::uuid""")) {
            statement.setString(1, confirmedUpto.toString());
            statement.setLong(2, bytes);
            statement.setString(3, subscription);
            statement.setString(4, owner.toString());
            if (statement.executeUpdate() != 1) {
                throw new MigrationException(Failure.of(
                        FailureKind.TARGET_IN_USE,
                        "The spool of subscription \"" + subscription + "\" is no longer this process's.",
                        "another pg-migrator has taken over"));
            }
        }
    }

    /// The spool is not needed any more: nothing counts on it.
    public static void remove(Connection target, String subscription) throws SQLException {
        if (exists(target)) {
            try (PreparedStatement statement =
                    target.prepareStatement("delete from pgmigrator.spool where subscription = ?")) {
                statement.setString(1, subscription);
                statement.executeUpdate();
            }
        }
    }
}
