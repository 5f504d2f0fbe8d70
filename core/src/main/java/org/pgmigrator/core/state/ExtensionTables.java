package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.ExtensionTable;
import org.pgmigrator.core.postgres.Catalog;

/// The extensions' tables that a migration's copy writes to, as the target remembers them: noted before the first row,
/// while they had none, so that a copy that is removed takes its rows along where the extension stays.
public final class ExtensionTables {

    private ExtensionTables() {}

    public static void createTable(Connection target) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.execute("""
                    create table if not exists pgmigrator.extension_table (
                        subscription text not null,
                        position int not null,
                        table_schema text not null,
                        table_name text not null,
                        condition text not null,
                        primary key (subscription, position)
                    )""");
        }
    }

    /// Whether there is a place to note anything: a migration without a stream has none.
    public static boolean exists(Connection target) throws SQLException {
        return Catalog.value(target, "select to_regclass('pgmigrator.extension_table')::text") != null;
    }

    /// In the order of their foreign keys.
    public static List<ExtensionTable> read(Connection target, String subscription) throws SQLException {
        List<ExtensionTable> tables = new ArrayList<>();
        if (!exists(target)) {
            return tables;
        }
        try (PreparedStatement statement =
                target.prepareStatement("select table_schema, table_name, condition from pgmigrator.extension_table"
                        + " where subscription = ? order by position")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    tables.add(new ExtensionTable(
                            new QualifiedName(row.getString(1), row.getString(2)), row.getString(3)));
                }
            }
        }
        return tables;
    }

    /// In the caller's transaction.
    public static void write(Connection target, String subscription, List<ExtensionTable> tables) throws SQLException {
        remove(target, subscription);
        try (PreparedStatement insert =
                target.prepareStatement("insert into pgmigrator.extension_table values (?, ?, ?, ?, ?)")) {
            for (ExtensionTable table : tables) {
                insert.setString(1, subscription);
                insert.setInt(2, tables.indexOf(table));
                insert.setString(3, table.name().schema());
                insert.setString(4, table.name().name());
                insert.setString(5, table.condition());
                insert.executeUpdate();
            }
        }
    }

    public static void remove(Connection target, String subscription) throws SQLException {
        if (!exists(target)) {
            return;
        }
        try (PreparedStatement delete =
                target.prepareStatement("delete from pgmigrator.extension_table where subscription = ?")) {
            delete.setString(1, subscription);
            delete.executeUpdate();
        }
    }
}
