package org.pgmigrator.core.apply.differential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.apply.Progress;
import org.pgmigrator.core.apply.SlotIdentity;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.sandbox.compare.DatabaseComparison;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;

/// Lanes that a crash has left apart: some have committed their part of a window, others have not.
class LanesIT {

    private static final int TABLES = 8;
    private static final String POSITIONS =
            "select count(distinct applied_end_lsn) from pgmigrator.progress where subscription = '"
                    + Subscriber.SUBSCRIPTION + "'";

    private static EmbeddedServer source;
    private static EmbeddedServer target;

    private Subscriber subscriber;

    @BeforeAll
    static void startServers() {
        source = EmbeddedServer.start(ServerSpec.of(16));
        target = EmbeddedServer.start(ServerSpec.of(18));
    }

    @AfterAll
    static void stopServers() {
        source.close();
        target.close();
    }

    @BeforeEach
    void createTables() throws SQLException {
        for (EmbeddedServer server : List.of(source, target)) {
            server.execute("postgres", "drop database if exists lanes with (force)", "create database lanes");
            for (int table = 0; table < TABLES; table++) {
                server.execute(
                        "lanes",
                        "create table t" + table + " (id int primary key, v text, n int)",
                        // Without a key, a row that comes twice is there twice.
                        "create table log" + table + " (v text)",
                        "alter table log" + table + " replica identity full");
            }
        }
        source.execute("lanes", "create publication p for all tables");
        String start = source.value("lanes", "select lsn from pg_create_logical_replication_slot('lanes', 'pgoutput')");
        target.execute("lanes", "create schema pgmigrator");
        try (Connection connection = target.connect("lanes")) {
            Progress.createTable(connection);
            Progress.initialise(
                    connection, Subscriber.SUBSCRIPTION, new SlotIdentity("1", 1, "lanes", Lsn.parse(start)));
        }
        subscriber = new Subscriber(Mode.LANES, source, "lanes", target, "lanes", List.of("p"));
    }

    @Test
    void lanesThatCommittedLeaveOutWhatTheyHaveUntilAllAreTogetherAgain() throws Exception {
        // A table without a key is one lane's as a whole.
        leaveThemApart("lock table log3 in share mode", LanesIT::work);

        // What follows at once: more rows, and what can only be written by all lanes together.
        work(2);
        source.execute("lanes", "truncate t0, log0", "insert into t0 values (-1, 'after', 0)");
        work(3);
        source.execute("lanes", "alter table t1 add column more int default 7", "select 1");
        target.execute("lanes", "alter table t1 add column more int default 7");
        work(4);

        subscriber.start();
        finish();
        assertThat(target.value("lanes", POSITIONS)).isEqualTo("1");
    }

    @Test
    void theNumberOfLanesStaysWhileTheyAreApartWhateverIsAskedFor() throws Exception {
        // A table without a key is one lane's as a whole.
        leaveThemApart("lock table log3 in share mode", LanesIT::work);

        try (Subscriber strict = new Subscriber(Mode.STRICT, source, "lanes", target, "lanes", List.of("p"))) {
            subscriber = strict;
            strict.start();
            finish();
        }
        assertThat(target.value("lanes", "select count(*) from pgmigrator.progress"))
                .isEqualTo("3");

        try (Subscriber strict = new Subscriber(Mode.STRICT, source, "lanes", target, "lanes", List.of("p"))) {
            subscriber = strict;
            work(5);
            strict.start();
            finish();
        }
        assertThat(target.value("lanes", "select count(*) from pgmigrator.progress"))
                .isEqualTo("1");
    }

    @Test
    void theRowsOfOneTableAreDividedByTheirKeysAlsoWhileTheLanesAreApart() throws Exception {
        leaveThemApart("select from t0 where id = 7 for update", LanesIT::workOnOneTable);
        assertThat(target.value(
                        "lanes",
                        "select string_agg(table_name || key::text || key_range, ' ') from pgmigrator.split_table"))
                .isEqualTo("t0{id}1");
        workOnOneTable(2);
        // Rows that may go to another lane, and their neighbours.
        source.execute("lanes", "update t0 set id = -id where id % 10 = 3", "update t0 set n = n + 1 where id < 0");
        workOnOneTable(3);

        // In another form, by another way of applying, and with an index that would not let it be divided today.
        target.execute("lanes", "create unique index on t0 (n, id, v)", "create unique index on t0 ((id + 1))");
        try (Subscriber strict = new Subscriber(Mode.STRICT, source, "lanes", target, "lanes", List.of("p"))) {
            subscriber = strict;
            strict.start();
            finish();
        }

        assertThat(target.value("lanes", "select count(*) from pgmigrator.split_table"))
                .as("an index beyond the key")
                .isEqualTo("0");
    }

    @Test
    void nobodyAppliesWhileASessionOfAnyLaneIsStillAtItsWork() throws Exception {
        subscriber.start();
        subscriber.close();
        try (Connection leftBehind = target.connect("lanes");
                Statement statement = leftBehind.createStatement();
                ExecutorService other = Executors.newSingleThreadExecutor()) {
            // What the last lane's session of a killed process holds as long as the server has not noticed.
            statement.execute("select pg_advisory_lock(hashtextextended('pgmigrator " + Subscriber.SUBSCRIPTION
                    + " lane 2', 0))");
            Future<?> started = other.submit(() -> {
                subscriber.start();
                return null;
            });

            assertThatThrownBy(() -> started.get(2, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
            statement.execute("select pg_advisory_unlock_all()");
            started.get(30, TimeUnit.SECONDS);
        }
        work(0);
        finish();
    }

    /// One lane is kept waiting by a lock until the others have committed; then all sessions end.
    ///
    /// @param blocking what the lock is
    /// @param work     on the source, by rounds
    private void leaveThemApart(String blocking, Work work) throws Exception {
        work.accept(0);
        String marker = marker();
        subscriber.start();
        subscriber.await(marker);
        try (Connection blocker = target.connect("lanes");
                Statement statement = blocker.createStatement()) {
            blocker.setAutoCommit(false);
            statement.execute(blocking);
            work.accept(1);
            Awaitility.await("one lane to be behind")
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> !target.value("lanes", POSITIONS).equals("1"));
            target.execute(
                    "postgres",
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pg-migrator apply'");
            subscriber.close();
            blocker.rollback();
        }
        assertThat(target.value("lanes", POSITIONS)).isEqualTo("2");
    }

    private interface Work {
        void accept(int round) throws SQLException;
    }

    private static void work(int round) throws SQLException {
        for (int part = 0; part < 2; part++) {
            int first = round * 200 + part * 100;
            StringBuilder transaction = new StringBuilder("do $$ begin ");
            IntStream.range(0, TABLES)
                    .forEach(table -> transaction
                            .append("insert into t" + table + " select i, 'row ' || i, 0 from generate_series(" + first
                                    + ", " + (first + 99) + ") i;")
                            .append("update t" + table + " set n = n + 1 where id % 3 = 0;")
                            .append("insert into log" + table
                                    + " select 'entry ' || i % 7 from generate_series(1, 50) i;")
                            .append("delete from log" + table + " where ctid = (select min(ctid) from log" + table
                                    + ");"));
            source.execute("lanes", transaction.append(" end $$").toString());
        }
    }

    /// In transactions of which each has rows of every lane.
    private static void workOnOneTable(int round) throws SQLException {
        for (int part = 0; part < 2; part++) {
            int first = round * 200 + part * 100;
            source.execute(
                    "lanes",
                    "do $$ begin insert into t0 select i, 'row ' || i, 0 from generate_series(" + first + ", "
                            + (first + 99) + ") i;"
                            + "update t0 set n = n + 1 where id % 7 = 0;"
                            + "delete from t0 where id % 40 = 5 and id >= " + first + "; end $$");
        }
    }

    private static String marker() throws SQLException {
        return source.value(
                "lanes",
                "select 'end' || txid_current() from (select pg_logical_emit_message(true, 'pgmigrator', 'end' || txid_current()::text)) m");
    }

    private void finish() throws Exception {
        subscriber.await(marker());
        subscriber.close();
        assertThat(DatabaseComparison.compare(source, target, "lanes").differences())
                .isEmpty();
    }
}
