package org.pgmigrator.core.copy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.opentest4j.TestAbortedException;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Two databases on two servers for one test, and what the copy between them reported.
final class CopyPair {

    private static final AtomicInteger COUNTER = new AtomicInteger();

    final PostgresServer sourceServer;
    final PostgresServer targetServer;
    final String sourceName;
    final String targetName;
    final Database source;
    final Database target;
    final List<ProgressEvent> events = Collections.synchronizedList(new ArrayList<>());
    final Path workDir;

    FilterConfig filter = FilterConfig.EVERYTHING;
    int jobs = 2;
    int oldestClient;
    boolean allowRestoreErrors;
    Duration lockWait = DatabaseDump.LOCK_WAIT;

    CopyPair(PostgresServer sourceServer, PostgresServer targetServer, Path workDir) throws SQLException {
        int number = COUNTER.incrementAndGet();
        this.sourceServer = sourceServer;
        this.targetServer = targetServer;
        this.workDir = workDir;
        this.sourceName = "source" + number;
        this.targetName = "target" + number;
        sourceServer.createDatabase(sourceName);
        targetServer.createDatabase(targetName);
        this.source = Database.parse(Side.SOURCE, new Secret(sourceServer.uri(sourceName)), Map.of());
        this.target = Database.parse(Side.TARGET, new Secret(targetServer.uri(targetName)), Map.of());
    }

    void onSource(String... statements) throws SQLException {
        sourceServer.execute(sourceName, statements);
    }

    void onTarget(String... statements) throws SQLException {
        targetServer.execute(targetName, statements);
    }

    String sourceValue(String query) throws SQLException {
        return sourceServer.value(sourceName, query);
    }

    String targetValue(String query) throws SQLException {
        return targetServer.value(targetName, query);
    }

    List<String> targetRows(String query) throws SQLException {
        return targetServer.rows(targetName, query);
    }

    CopyConfig config() {
        return new CopyConfig(jobs, false, allowRestoreErrors, false, false, Optional.empty(), Optional.of(workDir));
    }

    /// Skips the test where no client fits, which the report then says.
    ClientTools tools() throws InterruptedException {
        ClientTools.Choice choice = ClientTools.choose(
                Math.max(sourceServer.major(), oldestClient), targetServer.major(), Optional.empty(), System.getenv());
        return switch (choice) {
            case ClientTools.Choice.Chosen chosen -> chosen.tools();
            case ClientTools.Choice.NoneFits none -> throw new TestAbortedException(none.what() + " " + none.why());
        };
    }

    FinishedDump dump(Optional<String> snapshot, DumpFolder folder) throws InterruptedException {
        return new DatabaseDump(config(), filter, source, tools(), events::add, lockWait)
                .run(snapshot, Set.of("pg_migrator"), folder);
    }

    void restore(FinishedDump dump) throws InterruptedException {
        new DatabaseRestore(config(), filter, target, tools(), events::add).run(dump);
    }

    /// The whole copy, as in offline mode.
    void copy() throws InterruptedException {
        try (DumpFolder folder = DumpFolder.create(config())) {
            restore(dump(Optional.empty(), folder));
        }
    }

    /// An exported snapshot; valid while the given connection stays open and idle.
    static String exportSnapshot(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_export_snapshot()")) {
            row.next();
            return row.getString(1);
        }
    }

    <T extends ProgressEvent> List<T> eventsOf(Class<T> type) {
        synchronized (events) {
            return events.stream().filter(type::isInstance).map(type::cast).toList();
        }
    }

    /// Sessions of pg_dump or pg_restore, and our own, that are left in a database.
    static String leftSessions(PostgresServer server, String database) throws SQLException {
        return server.value(
                "postgres",
                "select count(*) from pg_stat_activity where datname = '" + database
                        + "' and backend_type = 'client backend' and application_name ~ '^pg'");
    }
}
