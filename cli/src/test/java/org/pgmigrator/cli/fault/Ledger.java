package org.pgmigrator.cli.fault;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.random.RandomGenerator;
import org.pgmigrator.sandbox.server.ConnectionSource;
import org.pgmigrator.sandbox.workload.Workload;

/// An application whose tables tell on a migration that loses or doubles something: a balance beside its entries, a
/// sequence, and a log without a key whose rows are equal to each other, so that only their number tells them apart.
///
/// @param ballastMegabytes of rows that nobody changes: what makes a throttled copy last
record Ledger(int ballastMegabytes) implements Workload {

    static final int ACCOUNTS = 1_000;

    @Override
    public void prepare(ConnectionSource database) throws SQLException {
        try (Connection connection = database.open();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL, note text);
                    CREATE TABLE entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                        account int NOT NULL REFERENCES account, amount int NOT NULL, at timestamptz DEFAULT now());
                    CREATE TABLE chime (what text, amount int);
                    CREATE TABLE ballast (id int PRIMARY KEY, filler text);
                    CREATE SEQUENCE receipt START 100 INCREMENT 5;
                    """);
            statement.execute("INSERT INTO account SELECT i, 0, 'opened' FROM generate_series(1, " + ACCOUNTS + ") i");
            statement.execute("INSERT INTO chime SELECT 'ding', i % 3 FROM generate_series(1, 300) i");
            statement.execute("INSERT INTO ballast SELECT i, repeat(md5(i::text), 32) FROM generate_series(1, "
                    + ballastMegabytes * 1024 + ") i");
            statement.execute("ANALYZE");
        }
    }

    @Override
    public boolean transaction(Connection connection, RandomGenerator random) throws SQLException {
        int account = random.nextInt(1, ACCOUNTS + 1);
        int amount = random.nextInt(-100, 101);
        try (Statement statement = connection.createStatement()) {
            statement.execute("UPDATE account SET balance = balance + " + amount
                    + ", note = 'receipt ' || nextval('receipt') WHERE id = " + account);
            statement.execute("INSERT INTO entry (account, amount) VALUES (" + account + ", " + amount + ")");
            statement.execute("INSERT INTO chime VALUES ('ding', " + random.nextInt(3) + "), ('dong', 0), ('dong', 0)");
        }
        return true;
    }
}
