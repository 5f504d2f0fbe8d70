package org.pgmigrator.bench;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.OptionalLong;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;

/// The two servers, and one backlog at a time on the source. Confined to one thread.
///
/// Each run gets a copy of the slot that was made before the backlog was written, and a copy of the target's database
/// as
/// it was then.
final class Arena implements AutoCloseable {

    private static final String SOURCE_DATABASE = "bench";
    private static final String INITIAL = "bench_initial";
    private static final String FIRST_SLOT = "bench_first";

    private static final long POLL_MILLIS = 5;
    private static final int POLLS_PER_SAMPLE = 40;

    private final PostgresServer source;
    private final PostgresServer target;
    private final Duration limit;
    private int runs;

    private Arena(PostgresServer source, PostgresServer target, Duration limit) {
        this.source = source;
        this.target = target;
        this.limit = limit;
    }

    /// @param fsync whether the servers wait for the disk, as in production
    /// @param limit of one run
    static Arena open(int sourceMajor, int targetMajor, boolean fsync, Duration limit) {
        PostgresServer source = EmbeddedServer.start(spec(sourceMajor, fsync));
        try {
            return new Arena(source, EmbeddedServer.start(spec(targetMajor, fsync)), limit);
        } catch (RuntimeException failed) {
            source.close();
            throw failed;
        }
    }

    /// No checkpoint and no autovacuum in the middle of a run: both come when they like, and favour nobody on average,
    /// but few runs are no average.
    private static ServerSpec spec(int major, boolean fsync) {
        return ServerSpec.of(major)
                .setting("fsync", fsync ? "on" : "off")
                .setting("shared_buffers", "512MB")
                .setting("max_wal_size", "32GB")
                .setting("checkpoint_timeout", "1h")
                .setting("autovacuum", "off")
                .setting("max_worker_processes", "16")
                .setting("max_replication_slots", "20")
                .setting("max_wal_senders", "20");
    }

    String describe() throws SQLException {
        return source.value("postgres", "SHOW server_version") + " to "
                + target.value("postgres", "SHOW server_version")
                + ", fsync " + target.value("postgres", "SHOW fsync") + ", "
                + Runtime.getRuntime().availableProcessors() + " processors, Java " + Runtime.version();
    }

    /// Puts the start on both sides, and the backlog on the source.
    ContentHash write(Backlog backlog) throws SQLException {
        begin(backlog);
        source.execute(SOURCE_DATABASE, backlog.write().toArray(String[]::new));
        return ContentHash.of(source, SOURCE_DATABASE);
    }

    /// Puts the start on both sides; what is written on the source from now on is for the runs.
    void begin(Backlog backlog) throws SQLException {
        source.createDatabase(SOURCE_DATABASE);
        target.createDatabase(INITIAL);
        source.execute(SOURCE_DATABASE, backlog.setup().toArray(String[]::new));
        target.execute(INITIAL, backlog.setup().toArray(String[]::new));
        source.execute(SOURCE_DATABASE, "VACUUM ANALYZE", "CREATE PUBLICATION " + Run.PUBLICATION + " FOR ALL TABLES");
        target.execute(INITIAL, "VACUUM ANALYZE");
        source.execute(SOURCE_DATABASE, "SELECT pg_create_logical_replication_slot('" + FIRST_SLOT + "', 'pgoutput')");
    }

    /// Removes the backlog of [#write].
    void clear() throws SQLException {
        source.execute(SOURCE_DATABASE, "SELECT pg_drop_replication_slot('" + FIRST_SLOT + "')");
        source.execute("postgres", "DROP DATABASE " + SOURCE_DATABASE + " WITH (FORCE)");
        target.execute("postgres", "DROP DATABASE " + INITIAL + " WITH (FORCE)");
    }

    PostgresServer source() {
        return source;
    }

    PostgresServer target() {
        return target;
    }

    /// A slot at the start of the backlog and a target as it was then.
    Run newRun() throws SQLException {
        String name = "bench_" + ++runs;
        source.execute(
                SOURCE_DATABASE, "SELECT pg_copy_logical_replication_slot('" + FIRST_SLOT + "', '" + name + "')");
        target.execute("postgres", "CREATE DATABASE " + name + " TEMPLATE " + INITIAL, "CHECKPOINT");
        source.execute("postgres", "CHECKPOINT");
        return new Run(source, target, SOURCE_DATABASE, name, name);
    }

    void discard(Run run) throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        String active = "SELECT active FROM pg_replication_slots WHERE slot_name = '" + run.slot() + "'";
        // The walsender of a closed stream may take a moment to end.
        while (source.value(SOURCE_DATABASE, active).equals("t") && System.nanoTime() < deadline) {
            Thread.sleep(POLL_MILLIS);
        }
        source.execute(SOURCE_DATABASE, "SELECT pg_drop_replication_slot('" + run.slot() + "')");
        target.execute("postgres", "DROP DATABASE " + run.targetDatabase() + " WITH (FORCE)");
    }

    Measurement measure(Contender contender, ContentHash expected)
            throws SQLException, IOException, InterruptedException {
        Run run = newRun();
        Measurement measurement;
        try (Contender.Applying applying = contender.prepare(run)) {
            measurement = race(run, applying);
            expected.requireSame(ContentHash.of(target, run.targetDatabase()), contender.name());
        }
        discard(run);
        return measurement;
    }

    private Measurement race(Run run, Contender.Applying applying)
            throws SQLException, IOException, InterruptedException {
        TargetBackends backends = new TargetBackends();
        try (Connection observer = target.connect("postgres");
                Connection watcher = target.connect(run.targetDatabase());
                Connection sourceObserver = source.connect(SOURCE_DATABASE)) {
            double migratorCpuBefore = cpu(applying.process());
            long start = System.nanoTime();
            applying.go();
            // Short statements, one after the other: a single long one would keep dead rows from being pruned.
            for (int poll = 1; !isDone(watcher, applying); poll++) {
                applying.requireAlive();
                if (poll % POLLS_PER_SAMPLE == 0) {
                    backends.sample(observer, run.targetDatabase());
                }
                if (System.nanoTime() - start > limit.toNanos()) {
                    throw new BenchException("the last transaction was not on the target after " + limit);
                }
                Thread.sleep(POLL_MILLIS);
            }
            long end = System.nanoTime();
            backends.sample(observer, run.targetDatabase());
            return new Measurement(
                    (end - start) / 1e9,
                    cpu(walsender(sourceObserver, run.slot())),
                    cpu(applying.process()) - migratorCpuBefore,
                    backends.total(),
                    applying.allocatedBytes().orElse(0));
        }
    }

    private static double cpu(OptionalLong pid) {
        return pid.isEmpty() ? 0 : ProcessCpu.seconds(pid.getAsLong()).orElse(Double.NaN);
    }

    private static boolean isDone(Connection watcher, Contender.Applying applying) throws SQLException {
        return isThere(watcher, "SELECT 1 FROM " + Backlog.END_TABLE) && isThere(watcher, applying.whenDone());
    }

    private static boolean isThere(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            return rows.next();
        }
    }

    private static OptionalLong walsender(Connection sourceObserver, String slot) throws SQLException {
        try (Statement statement = sourceObserver.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT active_pid FROM pg_replication_slots WHERE active AND slot_name = '" + slot + "'")) {
            return rows.next() ? OptionalLong.of(rows.getLong(1)) : OptionalLong.empty();
        }
    }

    @Override
    public void close() {
        try {
            source.close();
        } finally {
            target.close();
        }
    }
}
