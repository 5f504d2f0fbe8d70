package org.pgmigrator.sandbox.stage;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.DatabaseComparison;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.SandboxException;
import org.pgmigrator.sandbox.workload.Shop;
import org.pgmigrator.sandbox.workload.WorkloadOptions;
import org.pgmigrator.sandbox.workload.WorkloadRun;
import org.pgmigrator.sandbox.workload.WorkloadTotals;

/// Two throw-away servers, a shop on the first one, and its application. `close()` removes all of it.
///
/// Without SQL in its methods: what the servers refuse is a [SandboxException]. Thread-safe: [#stopWriting] may come
/// from another thread than the rest.
public final class Stage implements AutoCloseable {

    /// The database's name on both sides.
    public static final String DATABASE = "shop";

    private static final String TABLES = """
            SELECT format('%I.%I', n.nspname, c.relname)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname = 'shop'""";

    private final PostgresServer source;
    private final PostgresServer target;
    private @Nullable ShopUnderCopy workload;
    private @Nullable WorkloadRun application;

    private Stage(PostgresServer source, PostgresServer target) {
        this.source = source;
        this.target = target;
    }

    /// Starts both servers at the same time, each with an empty database.
    ///
    /// @param programs the folder that the servers' programs are unpacked into; it has to be open to other users
    public static Stage open(int sourceMajor, int targetMajor, Path programs) {
        System.setProperty("pgmigrator.servers.cache", programs.toString());
        CompletableFuture<PostgresServer> target = CompletableFuture.supplyAsync(
                () -> EmbeddedServer.start(targetMajor, DATABASE),
                start -> Thread.ofPlatform().name("stage-target").start(start));
        @Nullable PostgresServer source = null;
        try {
            source = EmbeddedServer.start(sourceMajor, DATABASE);
            return new Stage(source, target.join());
        } catch (RuntimeException failure) {
            // Whatever has started has to go, the target also if it is only just starting.
            if (source != null) {
                source.close();
            }
            if (!target.isCompletedExceptionally()) {
                target.handle((server, ignored) -> server)
                        .thenAccept(Stage::closeIfStarted)
                        .join();
            }
            throw failure instanceof CompletionException wrapper && wrapper.getCause() instanceof SandboxException cause
                    ? cause
                    : failure;
        }
    }

    private static void closeIfStarted(@Nullable PostgresServer server) {
        if (server != null) {
            server.close();
        }
    }

    /// The libpq URI of the source, password included.
    public String sourceUri() {
        return source.uri(DATABASE);
    }

    /// The libpq URI of the target, password included.
    public String targetUri() {
        return target.uri(DATABASE);
    }

    public int sourcePort() {
        return source.port();
    }

    public int targetPort() {
        return target.port();
    }

    /// Creates and fills the shop on the source.
    ///
    /// @param customers about six rows for each
    /// @return the number of rows
    public long fill(int customers) {
        ShopUnderCopy shop = new ShopUnderCopy(Shop.ofSize(customers));
        workload = shop;
        try (Connection connection = source.connect(DATABASE);
                Statement statement = connection.createStatement()) {
            shop.prepare(() -> source.connect(DATABASE));
            List<String> tables = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery(TABLES)) {
                while (rows.next()) {
                    tables.add(rows.getString(1));
                }
            }
            long count = 0;
            for (String table : tables) {
                try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM ONLY " + table)) {
                    rows.next();
                    count += rows.getLong(1);
                }
            }
            return count;
        } catch (SQLException e) {
            throw new SandboxException("the shop cannot be created on the source: " + e.getMessage(), e);
        }
    }

    /// The application begins to write to the filled source.
    ///
    /// @param transactionsPerSecond of all clients together; 0 for as fast as they can
    public synchronized void startWriting(int clients, double transactionsPerSecond) {
        application = options(clients, transactionsPerSecond).start(() -> source.connect(DATABASE));
    }

    /// From now on the application truncates tables as well; until then that would hold up the copy, and the copy it.
    public void copyIsDone() {
        if (workload != null) {
            workload.copyIsDone();
        }
    }

    /// The application stops writing. When this returns, its last session is closed; calling it again returns the same.
    public synchronized WorkloadTotals stopWriting() {
        if (application == null) {
            throw new SandboxException("the application has not begun to write");
        }
        return application.stop();
    }

    /// The application goes on for a while on the target.
    public WorkloadTotals writeToTarget(int clients, double transactionsPerSecond, Duration duration)
            throws InterruptedException {
        // Another seed, so that what it does there is not what it did on the source.
        try (WorkloadRun run = options(clients, transactionsPerSecond).seed(2).start(() -> target.connect(DATABASE))) {
            Thread.sleep(duration);
            return run.stop();
        }
    }

    private WorkloadOptions options(int clients, double transactionsPerSecond) {
        if (workload == null) {
            throw new SandboxException("the source is not filled yet");
        }
        return WorkloadOptions.of(workload).clients(clients).transactionsPerSecond(transactionsPerSecond);
    }

    /// Compares every row and every sequence of both sides, at rest.
    public ComparisonResult compare() {
        try {
            return DatabaseComparison.compare(source, target, DATABASE);
        } catch (SQLException e) {
            throw new SandboxException("both sides cannot be compared: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        @Nullable RuntimeException failure = null;
        for (Runnable part : List.<Runnable>of(this::endApplication, source::close, target::close)) {
            try {
                part.run();
            } catch (RuntimeException e) {
                failure = failure == null ? e : withSuppressed(failure, e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private synchronized void endApplication() {
        if (application != null) {
            application.stop();
        }
    }

    private static RuntimeException withSuppressed(RuntimeException first, RuntimeException second) {
        first.addSuppressed(second);
        return first;
    }
}
