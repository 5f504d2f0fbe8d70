package org.pgmigrator.core.postgres;

import java.sql.Connection;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    private final Optional<String> migration;

    private Database(Route route, ChildConnections children, List<String> warnings, Optional<String> migration) {
        this.route = route;
        this.children = children;
        this.warnings = List.copyOf(new LinkedHashSet<>(warnings));
        this.migration = migration;
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
        return new Database(
                route, new ChildConnections(route, parameters, defaults.passwordFile()), warnings, Optional.empty());
    }

    /// The same database, whose sessions are named after a migration as well ([Session#suffix]), those of pg_dump and
    /// pg_restore too.
    public Database of(String owner) {
        return new Database(route, children, warnings, Optional.of(owner));
    }

    private Session named(Session session) {
        return migration.map(session::of).orElse(session);
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
        return new Connector(route, named(session), SessionProtocol.EXTENDED).connect();
    }

    /// Opens an SQL session in the simple query protocol: many statements travel in one message.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException of this side's kinds
    public Connection connectSimple(Session session) {
        return new Connector(route, named(session), SessionProtocol.SIMPLE).connect();
    }

    /// Opens a walsender session in database mode, in the simple query protocol, with the same settings in force.
    ///
    /// Nothing but SET and one SELECT has run in it, and no transaction is open. It has no socket timeout: whoever
    /// reads from it watches the time.
    ///
    /// @throws org.pgmigrator.core.error.MigrationException of this side's kinds
    public Connection connectReplication(Session session) {
        return new Connector(route, named(session), SessionProtocol.WALSENDER).connect();
    }

    /// The same database for pg_dump and pg_restore, with the settings that every server version knows.
    public ChildConnection forChildProcess() {
        return children.forServer(0, Optional.empty());
    }

    /// The same, with the time limits that servers of this major version know beside that switched off as well.
    public ChildConnection forChildProcess(int serverMajor) {
        return children.forServer(serverMajor, Optional.empty());
    }

    /// The same, for a program whose session is named after the migration as well, if this is a migration's database.
    ///
    /// @param program `pg_dump` or `pg_restore`
    public ChildConnection forProgram(String program, int serverMajor) {
        return children.forServer(serverMajor, migration.map(owner -> program + Session.suffix(owner)));
    }

    @Override
    public String toString() {
        return side().word() + " " + describe();
    }
}
