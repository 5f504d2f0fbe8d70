package org.pgmigrator.core.cutover;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.sandbox.server.PostgresServer;

/// A source with tables of every sort, and the locks that a test takes on it.
final class SourceScene implements AutoCloseable {

    static final String MIGRATION = "scene";

    private static final AtomicInteger NUMBER = new AtomicInteger();

    /// Ordinary, partitioned in two levels, inherited, unlogged, with a name that needs quotes, and one that refers.
    static final String[] TABLES = {
        "create table plain (id int primary key, word text)",
        "insert into plain select i, 'w' from generate_series(1, 100) i",
        "create table referring (id int primary key, plain_id int references plain on delete cascade)",
        "create table root (id int, part int, primary key (part, id)) partition by list (part)",
        "create table leaf_1 partition of root for values in (1)",
        "create table branch partition of root for values in (2, 3) partition by list (part)",
        "create table leaf_2 partition of branch for values in (2)",
        "create table parent (id int)",
        "create table child (extra int) inherits (parent)",
        "create unlogged table unlogged (id int)",
        "create schema \"Odd one\"",
        "create table \"Odd one\".\"Ta\"\"ble\" (id int)",
        "create table not_carried (id int)",
    };

    final PostgresServer server;
    final String name = "lock_" + NUMBER.incrementAndGet();
    final List<LockEvent> events = new CopyOnWriteArrayList<>();
    Database source;
    private final List<Connection> connections = new ArrayList<>();

    SourceScene(PostgresServer server, String... sql) throws SQLException {
        this.server = server;
        server.createDatabase(name);
        server.execute(name, sql);
        source = Database.parse(Side.SOURCE, new Secret(server.uri(name)), Map.of());
    }

    /// A role with a password, which the source is connected to as from now on.
    void as(String role) {
        source = Database.parse(
                Side.SOURCE,
                new Secret(URI.create(
                                "postgresql://" + role + ":least@" + server.host() + ":" + server.port() + "/" + name)
                        .toString()),
                Map.of());
    }

    List<CatalogTable> carried() throws SQLException {
        try (Connection connection = source.connect(Session.named("test"))) {
            return Catalog.tables(connection).stream()
                    .filter(table -> !table.name().name().equals("not_carried"))
                    .toList();
        }
    }

    SourceLock open(LockLimits limits) {
        return open(limits, Optional.empty());
    }

    SourceLock open(LockLimits limits, Optional<Duration> terminateAfter) {
        return SourceLock.open(
                source, MIGRATION, new SourceLockConfig(SourceLockConfig.Mode.TABLES, terminateAfter), limits);
    }

    /// The lock on all carried tables, as of the defaults.
    SourceLock locked() throws Exception {
        SourceLock lock = open(LockLimits.DEFAULT);
        acquire(lock, Duration.ofSeconds(20));
        return lock;
    }

    void acquire(SourceLock lock, Duration patience) throws Exception {
        lock.acquire(carried(), false, () -> true, patience, events::add);
    }

    /// The source closed by a fence.
    void fence() throws Exception {
        try (SourceLock lock = locked()) {
            assertThat(Fence.place(lock)).isInstanceOf(Fence.Outcome.Placed.class);
        }
    }

    /// A superuser's session, closed with the scene.
    Connection session() throws SQLException {
        return remembered(server.connect(name));
    }

    /// One of pg-migrator's.
    Connection own() {
        return remembered(source.connect(Session.named("test")));
    }

    private Connection remembered(Connection connection) {
        connections.add(connection);
        return connection;
    }

    static void run(Connection connection, String... sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String one : sql) {
                statement.execute(one);
            }
        }
    }

    /// Milliseconds until a write goes through, however long that takes.
    long millisecondsToWrite(Connection connection, String sql) throws SQLException {
        long before = System.nanoTime();
        run(connection, sql);
        return Duration.ofNanos(System.nanoTime() - before).toMillis();
    }

    List<LockBlocker> blockers() {
        return events.stream()
                .filter(LockEvent.Waiting.class::isInstance)
                .flatMap(event -> ((LockEvent.Waiting) event).blockers().stream())
                .toList();
    }

    @Override
    public void close() throws SQLException {
        for (Connection connection : connections) {
            connection.abort(Runnable::run);
        }
    }
}
