package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import org.pgmigrator.core.postgres.Catalog;

/// What the target remembers of itself as it was when the migration began.
///
/// @param filling whether the copy may have written: what there is in the filter's range is the migration's then, and
///                goes if it is given up. Before that nothing of it is
/// @param kept    what the database itself had already (`extension hstore`, `publication cdc`): it stays in any case
public record RoomRecord(boolean filling, Set<String> kept) {

    public RoomRecord {
        kept = Set.copyOf(kept);
    }

    public static void createTable(Connection target) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.execute("""
                    create table if not exists pgmigrator.room (
                        subscription text primary key,
                        filling boolean not null,
                        kept text[] not null
                    )""");
        }
    }

    /// Whether there is a place to note anything: a migration without a stream has none.
    public static boolean exists(Connection target) throws SQLException {
        return Catalog.value(target, "select to_regclass('pgmigrator.room')::text") != null;
    }

    /// As it was noted. A migration of a version that noted nothing may have written; one whose row is gone is being
    /// removed, and so is what it had written.
    public static RoomRecord read(Connection target, String subscription) throws SQLException {
        if (!exists(target)) {
            return new RoomRecord(true, Set.of());
        }
        try (PreparedStatement statement =
                target.prepareStatement("select filling, kept from pgmigrator.room where subscription = ?")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? new RoomRecord(row.getBoolean(1), Set.of((String[])
                                row.getArray(2).getArray()))
                        : new RoomRecord(false, Set.of());
            }
        }
    }

    public void write(Connection target, String subscription) throws SQLException {
        try (PreparedStatement insert = target.prepareStatement("insert into pgmigrator.room values (?, ?, ?)"
                + " on conflict (subscription) do update set filling = excluded.filling, kept = excluded.kept")) {
            insert.setString(1, subscription);
            insert.setBoolean(2, filling);
            insert.setArray(3, target.createArrayOf("text", kept.toArray()));
            insert.executeUpdate();
        }
    }

    public static void remove(Connection target, String subscription) throws SQLException {
        if (!exists(target)) {
            return;
        }
        try (PreparedStatement delete = target.prepareStatement("delete from pgmigrator.room where subscription = ?")) {
            delete.setString(1, subscription);
            delete.executeUpdate();
        }
    }
}
