package org.pgmigrator.core.cutover;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import org.pgmigrator.core.apply.Applier;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// A transaction of its own on the source that holds nothing but a logical message. When the target's progress row has
/// its name, everything that was committed on the source before it is on the target.
///
/// Source: https://www.postgresql.org/docs/current/functions-admin.html (pg_logical_emit_message)
///
/// @param content what the message says: unique, so that no other marker can be taken for it
public record Marker(String content) {

    /// Writes the marker and returns when it is committed and flushed on the source.
    public static Marker emit(Connection source) {
        String content = "cutover:" + UUID.randomUUID();
        try (Statement statement = source.createStatement()) {
            // Without this, a commit might not be flushed yet, and would not be sent.
            statement.execute("set synchronous_commit = on");
            Catalog.value(source, "select pg_logical_emit_message(true, ?, ?)", Applier.MARKER_PREFIX, content);
            return new Marker(content);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The marker could not be written to the source.", refusal);
        }
    }
}
