package org.pgmigrator.core.apply.differential;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.core.apply.differential.Subscriber.Interruption;
import org.pgmigrator.core.cutover.Marker;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.sandbox.server.PostgresServer;

/// One seed on two servers: a database on the source, a slot and a target database for each mode, all gone afterwards.
final class SeedRun {

    /// About what a whole backlog takes.
    private static final int MAX_PATIENCE_NANOS = 100_000_000;

    private static final List<Interruption> INTERRUPTIONS = List.of(Interruption.values());

    private final PostgresServer source;
    private final PostgresServer target;
    private final long seed;
    private final RandomWorkload workload;
    private final List<Subscriber> subscribers = new ArrayList<>();
    private final SqlTrace trace = new SqlTrace();
    private final List<Lsn> interruptions = new ArrayList<>();
    private final Random chance;
    private final String database;

    SeedRun(PostgresServer source, PostgresServer target, long seed, Set<String> shapes) {
        this.source = source;
        this.target = target;
        this.seed = seed;
        this.workload = new RandomWorkload(seed, shapes);
        this.chance = new Random(seed);
        this.database = "seed" + Long.toUnsignedString(seed);
    }

    /// @param rows rows at the end
    /// @param statements statements on the source, those that it refused included
    /// @param changes changes of rows that the last mode applied after its last interruption
    /// @param fallbacks how often net changes were refused, in all modes
    record Result(List<String> differences, long rows, int statements, int refused, long changes, int fallbacks) {}

    Result run(List<Mode> modes) throws SQLException, IOException, InterruptedException {
        try {
            create(modes);
            try (Connection one = session();
                    Connection two = session();
                    Connection three = session();
                    Connection observer = source.connect(database)) {
                if (!workload.backlogFirst()) {
                    startAll();
                }
                int third = workload.steps() / 3;
                int[] step = {0};
                workload.write(List.of(one, two, three), trace, () -> {
                    if (++step[0] % third == 0 && interruptions.size() < workload.restarts()) {
                        interruptions.add(position(observer));
                    }
                });
                return finish(observer);
            }
        } finally {
            trace.write(Path.of("target", "differential", database + ".sql"));
            drop();
        }
    }

    private void create(List<Mode> modes) throws SQLException {
        String base = database + "_base";
        source.createDatabase(database);
        target.createDatabase(base);
        try (Connection from = source.connect(database);
                Connection to = target.connect(base)) {
            workload.create(from, to);
        }
        for (Mode mode : modes) {
            Subscriber subscriber =
                    new Subscriber(mode, source, database, target, database + "_" + mode.id(), workload.publications());
            String name = subscriber.targetDatabase();
            target.execute("postgres", "create database \"" + name + "\" template \"" + base + "\"");
            subscribers.add(subscriber);
            Lsn start = createSlot(subscriber.slot());
            target.execute(name, "create schema pgmigrator");
            try (Connection connection = target.connect(name)) {
                Progress.createTable(connection);
                Progress.initialise(
                        connection, Subscriber.SUBSCRIPTION, new SlotIdentity("1", 1, subscriber.slot(), start));
            }
        }
    }

    /// All slots are copies of the first: they begin at the same point.
    private Lsn createSlot(String name) throws SQLException {
        String first = subscribers.getFirst().slot();
        return Lsn.parse(source.value(
                database,
                name.equals(first)
                        ? "select lsn from pg_create_logical_replication_slot('" + name + "', 'pgoutput')"
                        : "select lsn from pg_copy_logical_replication_slot('" + first + "', '" + name + "')"));
    }

    private Connection session() throws SQLException {
        Connection connection = source.connect(database);
        try (Statement statement = connection.createStatement()) {
            // A session that waits for another one would wait for ever: they are one thread.
            statement.execute("set lock_timeout = '2s'; set synchronous_commit = off");
        }
        return connection;
    }

    private static Lsn position(Connection observer) {
        try (Statement statement = observer.createStatement();
                ResultSet row = statement.executeQuery("select pg_current_wal_insert_lsn()")) {
            row.next();
            return Lsn.parse(row.getString(1));
        } catch (SQLException refusal) {
            throw new AssertionError(refusal);
        }
    }

    private void startAll() throws SQLException, InterruptedException {
        for (Subscriber subscriber : subscribers) {
            subscriber.start();
        }
    }

    private Result finish(Connection observer) throws SQLException, InterruptedException {
        String marker = Marker.emit(observer).content();
        ContentComparison comparison = new ContentComparison(observer);
        List<String> differences = new ArrayList<>();
        long changes = 0;
        int fallbacks = 0;
        for (Subscriber subscriber : subscribers) {
            try (subscriber) {
                if (workload.backlogFirst()) {
                    subscriber.start();
                }
                for (Lsn interruption : interruptions) {
                    // There, or in the middle of a window that will reach further.
                    long latest = System.nanoTime() + chance.nextInt(MAX_PATIENCE_NANOS);
                    while (System.nanoTime() < latest
                            && subscriber.applied().compareTo(interruption) < 0
                            && !subscriber.hasReached(marker)) {
                        Thread.sleep(1);
                    }
                    subscriber.interrupt(INTERRUPTIONS.get(chance.nextInt(INTERRUPTIONS.size())));
                }
                subscriber.await(marker);
                changes = subscriber.changes();
                if (subscriber.fallbacks() > 0 && !workload.mayBeRefused()) {
                    differences.add(subscriber + ": net changes were refused " + subscriber.fallbacks()
                            + " times, and no constraint but the keys could have refused them");
                }
                fallbacks += subscriber.fallbacks();
            } catch (AssertionError failure) {
                differences.add(String.valueOf(failure.getMessage()));
                continue;
            }
            try (Connection connection = target.connect(subscriber.targetDatabase())) {
                comparison
                        .differences(connection)
                        .forEach(difference -> differences.add(subscriber + ": " + difference));
            }
        }
        return new Result(differences, comparison.rows(), trace.size(), trace.refused(), changes, fallbacks);
    }

    private void drop() throws SQLException {
        for (Subscriber subscriber : subscribers) {
            subscriber.close();
            source.execute(
                    database,
                    "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '"
                            + subscriber.slot() + "'");
            target.execute("postgres", "drop database \"" + subscriber.targetDatabase() + "\" with (force)");
        }
        target.execute("postgres", "drop database if exists \"" + database + "_base\"");
        source.execute("postgres", "drop database if exists \"" + database + "\" with (force)");
    }

    @Override
    public String toString() {
        return "seed " + seed + ": " + workload;
    }
}
