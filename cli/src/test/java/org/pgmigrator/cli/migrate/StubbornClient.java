package org.pgmigrator.cli.migrate;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.awaitility.Awaitility;

/// An application's session that writes and never stops, and notes which of its transactions it saw committed.
///
/// A transaction inserts a row into a table without a key, where a double would stay, and adds one to a balance.
final class StubbornClient {

    private static final String ROLE = "stubborn";

    private final DatabasePair databases;
    private final Kind kind;
    private final Thread thread;
    private final List<String> committed = new ArrayList<>();
    private final Set<String> states = new TreeSet<>();
    private long longestNanos;
    private volatile int committedCount;
    private volatile boolean refused;
    private volatile boolean stopped;

    /// What a lock that is only a setting would let pass.
    enum Kind {
        AUTOCOMMIT("", false),
        TRANSACTION("BEGIN", false),
        OPEN_AFTER_A_READ("BEGIN", false),
        BEGIN_READ_WRITE("BEGIN READ WRITE", false),
        SET_OFF("BEGIN", false),
        ROLE_WITH_ITS_OWN_DEFAULT("BEGIN", false),
        SUPERUSER("BEGIN", true),
        SUPERUSER_READ_WRITE("BEGIN READ WRITE", true);

        private final String begin;
        private final boolean superuser;

        Kind(String begin, boolean superuser) {
            this.begin = begin;
            this.superuser = superuser;
        }
    }

    private StubbornClient(DatabasePair databases, Kind kind) {
        this.databases = databases;
        this.kind = kind;
        this.thread = Thread.ofPlatform().daemon().name("client " + kind).unstarted(this::run);
    }

    /// Tables, roles, and a row for each kind.
    static void prepare(DatabasePair databases) throws SQLException {
        for (String role : List.of(ROLE, ROLE + "_own")) {
            databases.onSource("DO $$ BEGIN CREATE ROLE " + role + " LOGIN PASSWORD '" + ROLE
                    + "'; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
            databases
                    .target()
                    .execute(
                            databases.name(),
                            "DO $$ BEGIN CREATE ROLE " + role + "; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
        }
        databases.onSource(
                "ALTER ROLE " + ROLE + "_own SET default_transaction_read_only = off",
                "CREATE TABLE done (client text, n int)",
                "CREATE TABLE account (client text PRIMARY KEY, balance int NOT NULL)",
                "GRANT ALL ON done, account TO " + ROLE + ", " + ROLE + "_own");
        for (Kind kind : Kind.values()) {
            databases.onSource("INSERT INTO account VALUES ('" + kind + "', 0)");
        }
    }

    static StubbornClient start(DatabasePair databases, Kind kind) {
        StubbornClient client = new StubbornClient(databases, kind);
        client.thread.start();
        return client;
    }

    Kind kind() {
        return kind;
    }

    /// Once stopped: its rows as the target should have them.
    List<String> committed() {
        return committed;
    }

    /// The SQLSTATEs of what was refused.
    Set<String> states() {
        return states;
    }

    long longestMillis() {
        return Duration.ofNanos(longestNanos).toMillis();
    }

    void awaitCommitted(int count) {
        Awaitility.await("client " + kind + " writes")
                .atMost(MigrationRun.DEADLINE)
                .until(() -> committedCount >= count);
    }

    void awaitRefused() {
        Awaitility.await("client " + kind + " is refused")
                .atMost(MigrationRun.DEADLINE)
                .until(() -> refused);
    }

    void stop() {
        stopped = true;
        try {
            thread.join();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private Connection connect() throws SQLException {
        if (kind.superuser) {
            return databases.source().connect(databases.name());
        }
        Properties properties = new Properties();
        properties.setProperty("user", kind == Kind.ROLE_WITH_ITS_OWN_DEFAULT ? ROLE + "_own" : ROLE);
        properties.setProperty("password", ROLE);
        return DriverManager.getConnection(databases.source().jdbcUrl(databases.name()), properties);
    }

    private void run() {
        try (Connection connection = connect()) {
            if (kind == Kind.SET_OFF) {
                execute(connection, "SET default_transaction_read_only = off");
            }
            for (int n = 0; !stopped; n++) {
                transaction(connection, n);
                Thread.sleep(refused ? 20 : 2);
            }
        } catch (SQLException lost) {
            states.add("connection: " + lost.getSQLState());
            refused = true;
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private void transaction(Connection connection, int n) throws SQLException, InterruptedException {
        long began = System.nanoTime();
        try {
            write(connection, n);
            committed.add(Integer.toString(n));
            committedCount = committed.size();
        } catch (SQLException refusal) {
            states.add(refusal.getSQLState());
            refused = true;
            execute(connection, "ROLLBACK");
        }
        longestNanos = Math.max(longestNanos, System.nanoTime() - began);
    }

    private void write(Connection connection, int n) throws SQLException, InterruptedException {
        String write = "INSERT INTO done VALUES ('" + kind + "', " + n
                + "); UPDATE account SET balance = balance + 1 WHERE client = '" + kind + "'";
        if (kind.begin.isEmpty()) {
            // Both statements are one message, and so one transaction.
            execute(connection, write);
            return;
        }
        execute(connection, kind.begin);
        if (kind == Kind.OPEN_AFTER_A_READ) {
            execute(connection, "SELECT count(*) FROM account");
            Thread.sleep(n % 50);
        }
        execute(connection, write);
        execute(connection, "COMMIT");
    }

    /// As a session that has done nothing before.
    ///
    /// @return the SQLSTATE of the refusal; empty if there was none
    static String tryToWrite(Connection connection) {
        try {
            execute(connection, "INSERT INTO done VALUES ('late', 0)");
            return "";
        } catch (SQLException refusal) {
            return String.valueOf(refusal.getSQLState());
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
