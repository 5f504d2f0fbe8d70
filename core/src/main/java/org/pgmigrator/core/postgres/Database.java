package org.pgmigrator.core.postgres;

import java.sql.Connection;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.pgmigrator.core.config.Secret;

/// One side's database, as its libpq connection string, the service file, the environment and the password file name
/// it.
///
/// Everything is read once, when the string is parsed: later sessions and child processes all go the same way.
///
/// Thread-safe: immutable.
public final class Database {

    private final Route route;
    private final ChildConnections children;
    private final List<String> warnings;

    private Database(Route route, ChildConnections children, List<String> warnings) {
        this.route = route;
        this.children = children;
        this.warnings = List.copyOf(new LinkedHashSet<>(warnings));
    }

    /// Reads a libpq URI or keyword=value string and completes it as libpq would.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException `CONNECTION_STRING`, without any value of the string
    public static Database parse(Side side, Secret connectionString, Map<String, String> environment) {
        List<String> warnings = new ArrayList<>();
        Parameters parameters = ConnectionString.read(side, connectionString.reveal());
        ConnectionDefaults defaults = new ConnectionDefaults(parameters, environment);
        defaults.complete();
        defaults.judge(warnings);
        Route route = Route.of(parameters, defaults, warnings);
        return new Database(route, new ChildConnections(route, parameters, defaults.passwordFile()), warnings);
    }

    public Side side() {
        return route.side();
    }

    /// The database's name on the server.
    public String name() {
        return route.database();
    }

    /// The role's name.
    public String user() {
        return route.user();
    }

    /// `db.example.org:5432/orders as app`: never a password.
    public String describe() {
        return route.describe();
    }

    /// One sentence for each libpq parameter that has no effect here, and for each file that had to be ignored.
    public List<String> warnings() {
        return warnings;
    }

    /// Opens an SQL session in autocommit mode, with the pinned settings and then the session's own in force.
    ///
    /// Pinned are the form of values as text, `search_path=''`, `row_security=off`, `default_transaction_read_only=off`
    /// and no time limit of any kind; role and database settings cannot change them. An interrupt ends the wait.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException of this side's kinds
    public Connection connect(Session session) {
        return new Connector(route, session, SessionProtocol.EXTENDED).connect();
    }

    /// Opens an SQL session in the simple query protocol: many statements travel in one message.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException of this side's kinds
    public Connection connectSimple(Session session) {
        return new Connector(route, session, SessionProtocol.SIMPLE).connect();
    }

    /// Opens a walsender session in database mode, in the simple query protocol, with the same settings in force.
    ///
    /// No statement but SET has run in it. It has no socket timeout: whoever reads from it watches the time.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException of this side's kinds
    public Connection connectReplication(Session session) {
        return new Connector(route, session, SessionProtocol.WALSENDER).connect();
    }

    /// The same database for pg_dump and pg_restore, with the settings that every server version knows.
    public ChildConnection forChildProcess() {
        return children.forServer(0);
    }

    /// The same, with the time limits that servers of this major version know beside that switched off as well.
    public ChildConnection forChildProcess(int serverMajor) {
        return children.forServer(serverMajor);
    }

    @Override
    public String toString() {
        return side().word() + " " + describe();
    }
}
