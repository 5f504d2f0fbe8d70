package org.pgmigrator.core.verify;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.decoder.Lsn;

/// The sessions of one side: one that holds a snapshot, and those that read under it.
///
/// Not thread-safe, but its readers may be used by a thread each.
final class SideSessions implements AutoCloseable {

    private static final String BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    /// The snapshot comes before the position: it is taken at the start of the statement, the position when its
    /// function runs.
    private static final String EXPORT = """
            select pg_export_snapshot(), pg_current_snapshot()::text,
                   (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end)::text
            """;

    private final Database database;
    private final Connection holder;
    private final List<ReadSession> readers = new ArrayList<>();
    private String exported = "";

    private SideSessions(Database database) {
        this.database = database;
        this.holder = ReadSession.openHolder(database);
    }

    static SideSessions open(Database database, int jobs) {
        SideSessions sessions = new SideSessions(database);
        try {
            for (int i = 0; i < jobs; i++) {
                sessions.readers.add(ReadSession.open(database));
            }
            return sessions;
        } catch (RuntimeException failed) {
            sessions.close();
            throw failed;
        }
    }

    Side side() {
        return database.side();
    }

    /// The server's major version.
    int major() {
        try {
            return Catalog.major(holder);
        } catch (SQLException refusal) {
            throw failed("The server's version could not be read.", refusal);
        }
    }

    List<ReadSession> readers() {
        return readers;
    }

    /// The session that holds the snapshot; the catalogue is read by it.
    Connection holder() {
        return holder;
    }

    /// The name of the snapshot for the readers, valid between [#begin] and [#end].
    String exported() {
        return exported;
    }

    /// Takes a snapshot and holds it.
    SnapshotPoint begin() {
        try (Statement statement = holder.createStatement()) {
            statement.execute(BEGIN);
            try (ResultSet row = statement.executeQuery(EXPORT)) {
                row.next();
                exported = row.getString(1);
                return new SnapshotPoint(row.getString(2), Lsn.parse(row.getString(3)));
            }
        } catch (SQLException refusal) {
            throw failed("The snapshot could not be taken.", refusal);
        }
    }

    /// Lets no statement of the session that holds the snapshot last longer: one that asks for a table's definition
    /// waits
    /// for whoever has locked that.
    void limit(Deadline deadline) {
        try (Statement statement = holder.createStatement()) {
            statement.execute("SET LOCAL statement_timeout = " + Math.min(Integer.MAX_VALUE, deadline.milliseconds()));
        } catch (SQLException refusal) {
            throw failed("The time for reading the catalogue could not be limited.", refusal);
        }
    }

    /// Lets the snapshot go.
    void end() {
        closeQuietly(() -> {
            try (Statement statement = holder.createStatement()) {
                statement.execute("ROLLBACK");
            }
        });
    }

    /// The failure of a statement on this side.
    MigrationException failed(String what, SQLException refusal) {
        return SqlState.toException(side(), what, refusal);
    }

    @Override
    public void close() {
        readers.forEach(reader -> closeQuietly(reader::close));
        closeQuietly(holder::close);
    }

    /// How something of a session is ended.
    @FunctionalInterface
    private interface Closing {
        void close() throws SQLException;
    }

    private static void closeQuietly(Closing closing) {
        try {
            closing.close();
        } catch (SQLException alreadyGone) {
            // It only read: with the session its snapshot is gone, which is what was wanted.
        }
    }
}
