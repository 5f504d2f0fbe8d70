package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;

/// A table that an extension calls its configuration: its rows are copied, but for those that the extension brings
/// itself. Where the extension stays on the target, so do they.
///
/// See https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-CONFIG-TABLES
///
/// @param condition `WHERE …` on the rows that are copied, as the extension gave it, or empty
public record ExtensionTable(QualifiedName name, String condition) {

    /// Those whose rows go with this dump, each behind those that its foreign keys point to.
    public static List<ExtensionTable> carried(Connection source, FinishedDump dump, FilterConfig filter)
            throws SQLException {
        return RowPlan.carriedTables(source, dump, filter);
    }

    /// Whether the target has rows of those that are copied. Without the table it has none.
    public boolean hasRows(Connection target) throws SQLException {
        return exists(target)
                && "t".equals(Catalog.value(target, "select exists (select from only " + name.quoted() + rows() + ")"));
    }

    /// Deletes on the target what is copied.
    public void empty(Connection target) throws SQLException {
        if (!exists(target)) {
            return;
        }
        try (Statement statement = target.createStatement()) {
            statement.execute(deleteSql());
        }
    }

    /// What deletes it.
    public String deleteSql() {
        return "DELETE FROM ONLY " + name.quoted() + rows();
    }

    private String rows() {
        return condition.isEmpty() ? "" : " " + condition;
    }

    private boolean exists(Connection target) throws SQLException {
        return Catalog.value(target, "select to_regclass(?)::text", name.quoted()) != null;
    }
}
