package org.pgmigrator.cli.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.DatabaseComparison;
import org.pgmigrator.sandbox.proxy.TcpProxy;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.workload.Workload;
import org.pgmigrator.sandbox.workload.WorkloadOptions;
import org.pgmigrator.sandbox.workload.WorkloadRun;

/// One database that moves from one server of a [Pair] to the other: its runs of the program, and what can be seen of
/// it
/// on both sides. The slot is named like the database.
final class Move implements AutoCloseable {

    private final Pair pair;
    private final String database;
    private final Path folder;
    private final Map<String, String> environment = new LinkedHashMap<>();
    private final List<String> options;
    private final List<Runnable> open = new ArrayList<>();
    private String heap = "128m";

    Move(Pair pair, String database, Path folder) {
        this.pair = pair;
        this.database = database;
        this.folder = folder;
        environment.put("PG_MIGRATOR_SOURCE", pair.source().uri(database));
        environment.put("PG_MIGRATOR_TARGET", pair.target().uri(database));
        options = new ArrayList<>(List.of(
                "--slot-name",
                database,
                "--without-identity",
                "full",
                "--cutover-poll-secs",
                "1",
                // A lost connection ends the program, so that a resume is what is tried.
                "--max-outage",
                "0"));
    }

    String database() {
        return database;
    }

    Path logFile() {
        return folder.resolve("pg-migrator.log");
    }

    Move heap(String wanted) {
        heap = wanted;
        return this;
    }

    Move environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /// From now on the program reaches the source through this proxy.
    TcpProxy sourceProxy() {
        TcpProxy proxy = TcpProxy.inFrontOf(pair.source());
        open.add(proxy::close);
        environment.put("PG_MIGRATOR_SOURCE", proxy.asServer(pair.source()).uri(database));
        return proxy;
    }

    /// From now on the program reaches the target through this proxy.
    TcpProxy targetProxy() {
        TcpProxy proxy = TcpProxy.inFrontOf(pair.target());
        open.add(proxy::close);
        environment.put("PG_MIGRATOR_TARGET", proxy.asServer(pair.target()).uri(database));
        return proxy;
    }

    /// Starts `migrate` with the options of this move and `more`; a repeated one of `more` wins.
    Program migrate(String... more) {
        List<String> arguments = new ArrayList<>(List.of("migrate"));
        for (int i = 0; i < options.size(); i += 2) {
            if (!List.of(more).contains(options.get(i))) {
                arguments.addAll(options.subList(i, i + 2));
            }
        }
        arguments.addAll(List.of(more));
        Program program = Program.start(folder, heap, environment, arguments);
        open.add(program::close);
        return program;
    }

    /// Starts another command on both sides.
    Program command(String... arguments) {
        Program program = Program.start(folder, heap, environment, List.of(arguments));
        open.add(program::close);
        return program;
    }

    /// Starts `migrate` and waits until the target has caught up.
    Program migrateUntilCaughtUp(String... more) {
        return migrate(more).awaitOut("the target has caught up");
    }

    /// An application that writes to the source until it is stopped, or this move closed.
    WorkloadRun write(Workload workload, double transactionsPerSecond) {
        WorkloadRun run = WorkloadOptions.of(workload)
                .clients(2)
                .transactionsPerSecond(transactionsPerSecond)
                .start(() -> pair.source().connect(database));
        open.add(run::close);
        return run;
    }

    /// Keeps everybody away from a table of the target until it is released, or this move closed.
    LockedTable lockOnTarget(String table) throws SQLException {
        LockedTable locked = LockedTable.lock(pair.target(), database, table);
        open.add(locked::release);
        return locked;
    }

    /// Ctrl+C on a program whose source is at rest: it must cut over, both sides must be equal, nothing may be left.
    void cutOver(Program program) throws InterruptedException, SQLException {
        program.signal("INT");
        program.awaitExit(0);
        assertEqual();
        assertNothingOfOursOnTheSource();
        assertThat(onTarget("SELECT nspname FROM pg_namespace WHERE nspname = 'pgmigrator'"))
                .isEmpty();
        assertThat(targetSettings()).as("the target is open").isEmpty();
    }

    void assertEqual() throws SQLException {
        ComparisonResult result = DatabaseComparison.compare(pair.source(), pair.target(), database);
        assertThat(result.isEqual()).as(result::toString).isTrue();
        assertThat(result.rowCount()).isPositive();
    }

    List<String> onSource(String query) throws SQLException {
        return pair.source().rows(database, query);
    }

    List<String> onTarget(String query) throws SQLException {
        return pair.target().rows(database, query);
    }

    void writeOnSource(String... statements) throws SQLException {
        pair.source().execute(database, statements);
    }

    /// Slot, publications, changed identities. (Not the sessions: a server may need a moment to see them gone.)
    void assertNothingOfOursOnTheSource() throws SQLException {
        assertThat(onSource("""
                        SELECT 'slot ' || slot_name FROM pg_replication_slots WHERE database = current_database()
                        UNION ALL SELECT 'publication ' || pubname FROM pg_publication
                        UNION ALL SELECT 'replica identity of ' || oid::regclass FROM pg_class
                        WHERE relreplident <> 'd' AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
                        UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 'pgmigrator'""")).as("left on the source").isEmpty();
        assertNoSessionsOn(pair.source());
    }

    void assertSlotIsKept() throws SQLException {
        assertThat(onSource("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()"))
                .containsExactly(database);
    }

    /// As before the migration: no object, no setting.
    void assertTargetIsEmpty() throws SQLException {
        assertThat(onTarget("""
                        SELECT 'relation ' || oid::regclass FROM pg_class
                        WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_' OR nspname = 'information_schema')
                        UNION ALL SELECT 'schema ' || nspname FROM pg_namespace
                        WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')""")).as("left on the target").isEmpty();
        assertThat(targetSettings()).isEmpty();
        assertNoSessionsOn(pair.target());
    }

    /// What ALTER DATABASE has set.
    List<String> targetSettings() throws SQLException {
        return onTarget("""
                SELECT setconfig::text FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
                WHERE d.datname = current_database()""");
    }

    private void assertNoSessionsOn(PostgresServer server) {
        await().alias("sessions of the program on " + server)
                .atMost(Duration.ofMinutes(1))
                .untilAsserted(() -> assertThat(server.rows(database, """
                                SELECT application_name FROM pg_stat_activity WHERE datname = current_database()
                                AND application_name ~ '^(pg-migrator|pg_dump|pg_restore)'""")).isEmpty());
    }

    /// Waits until the program reads or writes rows of the ballast on `server`.
    void awaitBallast(Program program, PostgresServer server) {
        awaitBallast(program, server, "pg-migrator copy");
    }

    /// The same of a child process, with `--copy dump`.
    void awaitBallast(Program program, PostgresServer server, String tool) {
        program.awaitRunning(
                tool + " is at the ballast",
                () -> !server.rows(
                                database,
                                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
                                        + " AND application_name LIKE '" + tool + "%' AND query ILIKE 'COPY %ballast%'")
                        .isEmpty());
    }

    /// Ends what was started here, and removes a slot that would hold back the source's WAL.
    @Override
    public void close() {
        open.reversed().forEach(Runnable::run);
        await().atMost(Duration.ofMinutes(1))
                .ignoreExceptions()
                .untilAsserted(() -> onSource("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                        + " WHERE database = current_database()"));
    }
}
