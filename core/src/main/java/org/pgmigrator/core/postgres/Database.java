package org.pgmigrator.core.postgres;

import java.sql.Connection;
import java.util.List;
import java.util.Map;
import org.pgmigrator.core.config.Secret;

/// One side's database as its libpq connection string, the environment, the service file and the password file name it.
///
/// Thread-safe: immutable.
@SuppressWarnings("DoNotCallSuggester")
public final class Database {

    private final Side side;

    private Database(Side side) {
        this.side = side;
    }

    /// Reads a libpq URI or keyword=value string and completes it, once, as libpq would.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException `CONNECTION_STRING`, without any part of the string
    public static Database parse(Side side, Secret connectionString, Map<String, String> environment) {
        return new Database(side);
    }

    public Side side() {
        return side;
    }

    public String name() {
        throw new UnsupportedOperationException();
    }

    public String user() {
        throw new UnsupportedOperationException();
    }

    /// `db.example.org:5432/orders as app`: never a password.
    public String describe() {
        throw new UnsupportedOperationException();
    }

    /// One sentence for each libpq parameter that has no effect here.
    public List<String> warnings() {
        throw new UnsupportedOperationException();
    }

    /// Opens an SQL session in autocommit mode.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException of this side's kinds
    public Connection connect(Session session) {
        throw new UnsupportedOperationException();
    }

    /// Opens a walsender session in database mode, in the simple query protocol.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException of this side's kinds
    public Connection connectReplication(Session session) {
        throw new UnsupportedOperationException();
    }

    /// The same database for pg_dump and pg_restore.
    public ChildConnection forChildProcess() {
        throw new UnsupportedOperationException();
    }
}
