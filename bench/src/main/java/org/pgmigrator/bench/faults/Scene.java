package org.pgmigrator.bench.faults;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.pgmigrator.bench.BenchException;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.DatabaseComparison;
import org.pgmigrator.sandbox.compare.SequenceRule;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.StopMode;
import org.pgmigrator.sandbox.workload.Turmoil;
import org.pgmigrator.sandbox.workload.WorkloadOptions;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// Both servers behind their proxies, and all that can be done to them. The servers are the same for all migrations;
/// each
/// has databases of its own.
final class Scene implements AutoCloseable {

    private static final String NEIGHBOUR = "neighbour";

    private final EmbeddedServer source;
    private final EmbeddedServer target;
    private final TcpProxy toSource;
    private final TcpProxy toTarget;

    private Scene(EmbeddedServer source, EmbeddedServer target) {
        this.source = source;
        this.target = target;
        this.toSource = TcpProxy.inFrontOf(source);
        this.toTarget = TcpProxy.inFrontOf(target);
    }

    /// @param ownDisk whether the target has a disk that can be full
    static Scene start(int sourceMajor, int targetMajor, boolean ownDisk) throws SQLException {
        // A walsender whose client has vanished holds its slot for so long.
        EmbeddedServer source = EmbeddedServer.start(ServerSpec.of(sourceMajor)
                .setting("wal_sender_timeout", "8s")
                .setting("logical_decoding_work_mem", "256kB")
                .setting("autovacuum_naptime", "5s"));
        try {
            source.createDatabase(NEIGHBOUR);
            source.execute(NEIGHBOUR, "CREATE TABLE busy (id int, filler text)");
            ServerSpec targetSpec = ServerSpec.of(targetMajor);
            return new Scene(source, EmbeddedServer.start(ownDisk ? targetSpec.onItsOwnDisk() : targetSpec));
        } catch (SQLException | RuntimeException failed) {
            source.close();
            throw failed;
        }
    }

    EmbeddedServer source() {
        return source;
    }

    EmbeddedServer target() {
        return target;
    }

    Map<String, String> environment(String database) {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("PG_MIGRATOR_SOURCE", toSource.asServer(source).uri(database));
        environment.put("PG_MIGRATOR_TARGET", toTarget.asServer(target).uri(database));
        return environment;
    }

    void create(String database, Turmoil application) throws SQLException {
        source.createDatabase(database);
        target.createDatabase(database);
        application.prepare(() -> source.connect(database));
        source.execute(database, "CREATE TABLE turmoil.beat (n int PRIMARY KEY)");
    }

    void drop(String database) throws SQLException {
        source.execute("postgres", "DROP DATABASE " + database + " WITH (FORCE)");
        target.execute("postgres", "DROP DATABASE " + database + " WITH (FORCE)");
    }

    WorkloadRun write(String database, Turmoil application, int clients, double transactionsPerSecond, long seed) {
        return WorkloadOptions.of(application)
                .clients(clients)
                .transactionsPerSecond(transactionsPerSecond)
                .seed(seed)
                .start(() -> source.connect(database));
    }

    /// A row that must come over. False if the source does not take it at the moment.
    boolean beat(String database, int number) {
        try {
            source.execute(database, "INSERT INTO turmoil.beat VALUES (" + number + ")");
            return true;
        } catch (SQLException refused) {
            return false;
        }
    }

    boolean hasBeat(String database, int number) {
        try {
            return !target.rows(database, "SELECT 1 FROM turmoil.beat WHERE n = " + number)
                    .isEmpty();
        } catch (SQLException notYet) {
            return false;
        }
    }

    /// Whether the target remembers a migration of this database.
    boolean isRemembered(String database) throws SQLException {
        return target.value(database, "SELECT to_regclass('pgmigrator.migration')")
                .equals("pgmigrator.migration");
    }

    /// Whether a cutover has closed the source.
    boolean isFenced(String database) throws SQLException {
        return !source.rows(database, "SELECT 1 FROM pg_trigger WHERE tgname LIKE 'pgmigrator%' LIMIT 1")
                .isEmpty();
    }

    /// Breaks something, and mends what does not mend itself.
    void strike(Fault fault, Migrator migrator, String database, Random random)
            throws InterruptedException, SQLException {
        switch (fault) {
            case KILL -> migrator.kill();
            case SOURCE_CRASH -> crash(source);
            case SOURCE_RESTART -> source.restart(StopMode.FAST);
            case TARGET_CRASH -> crash(target);
            case TARGET_RESTART -> target.restart(StopMode.FAST);
            case TARGET_DISK_FULL -> {
                target.fillDisk();
                Thread.sleep(random.nextInt(1_000, 8_000));
                target.freeDisk();
                bringBack(target);
            }
            case CUT -> someOf(random).forEach(TcpProxy::cut);
            case BLACK_HOLE -> {
                List<TcpProxy> networks = someOf(random);
                networks.forEach(network -> network.blackHole(true));
                Thread.sleep(random.nextInt(1_000, 15_000));
                networks.forEach(network -> network.blackHole(false));
            }
            case END_SESSION -> endOne(random.nextBoolean() ? source : target, database);
            case FREEZE -> {
                migrator.signal("STOP");
                Thread.sleep(random.nextInt(500, 14_000));
                migrator.signal("CONT");
            }
            case SLOW -> {
                List<TcpProxy> networks = someOf(random);
                networks.forEach(network -> network.delay(Duration.ofMillis(random.nextInt(20, 300))));
                Thread.sleep(random.nextInt(500, 4_000));
                networks.forEach(network -> network.delay(Duration.ZERO));
            }
            case IDLE -> {
                long until = System.nanoTime() + Duration.ofSeconds(3).toNanos();
                while (System.nanoTime() < until) {
                    source.execute(
                            NEIGHBOUR, "INSERT INTO busy SELECT i, md5(i::text) FROM generate_series(1, 5000) i");
                }
                source.execute(NEIGHBOUR, "TRUNCATE busy", "CHECKPOINT");
            }
        }
    }

    private List<TcpProxy> someOf(Random random) {
        return switch (random.nextInt(3)) {
            case 0 -> List.of(toSource);
            case 1 -> List.of(toTarget);
            default -> List.of(toSource, toTarget);
        };
    }

    private static void crash(EmbeddedServer server) {
        server.kill();
        server.start();
    }

    /// It may be going down, or be coming up by itself.
    private static void bringBack(EmbeddedServer server) throws InterruptedException {
        long until = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (true) {
            try {
                server.value("postgres", "SELECT 1");
                return;
            } catch (SQLException down) {
                if (System.nanoTime() > until) {
                    throw new BenchException("the server does not come back: " + down.getMessage());
                }
                if (server.isRunning()) {
                    Thread.sleep(50);
                } else {
                    server.start();
                }
            }
        }
    }

    private static void endOne(EmbeddedServer server, String database) throws SQLException {
        server.rows(database, """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'pg-migrator %'
                ORDER BY random() LIMIT 1""");
    }

    /// Nothing may differ, and nothing of the migration may be left.
    ///
    /// @param rule for sequences: a source that has crashed since has skipped values
    /// @return the number of rows compared
    long prove(String database, SequenceRule rule) throws SQLException {
        ComparisonResult result = new DatabaseComparison()
                .sequences(rule)
                .compare(() -> source.connect(database), () -> target.connect(database));
        if (!result.isEqual() || result.rowCount() == 0) {
            throw new BenchException("the databases differ: " + result);
        }
        List<String> left = new ArrayList<>(source.rows(database, """
                SELECT 'slot ' || slot_name FROM pg_replication_slots WHERE database = current_database()
                UNION ALL SELECT 'publication ' || pubname FROM pg_publication
                UNION ALL SELECT 'replica identity full of ' || oid::regclass FROM pg_class
                WHERE relreplident = 'f' AND relnamespace = 'turmoil'::regnamespace"""));
        left.addAll(target.rows(database, """
                SELECT 'schema ' || nspname || ' of the target' FROM pg_namespace WHERE nspname = 'pgmigrator'
                UNION ALL SELECT 'setting ' || setconfig::text FROM pg_db_role_setting s
                JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database()"""));
        if (!left.isEmpty()) {
            throw new BenchException("left behind: " + left);
        }
        return result.rowCount();
    }

    @Override
    public void close() {
        try (source;
                target) {
            toSource.close();
            toTarget.close();
        }
    }
}
