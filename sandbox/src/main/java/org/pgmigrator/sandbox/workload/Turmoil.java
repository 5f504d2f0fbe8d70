package org.pgmigrator.sandbox.workload;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.pgmigrator.sandbox.server.ConnectionSource;

/// The shop, and what is hardest on a migration that is interrupted, in the schema `turmoil`: rows without a key that
/// are equal to each other, so that one lost or doubled shows in their number only; transactions that commit in another
/// order than they began; large ones of many savepoints, a third of them rolled back.
///
/// Thread-safe. It leaves TRUNCATE alone until it is told that the copy is done, as [Shop#withoutTruncate] says.
public final class Turmoil implements Workload {

    private static final int LARGEST = 6_000;
    private static final int SAVEPOINTS = 12;

    private final Shop shop;
    private final int ballastMegabytes;
    private final AtomicBoolean copied = new AtomicBoolean();

    /// @param customers       of the shop
    /// @param ballastMegabytes of rows that nobody changes: what makes a copy last
    public Turmoil(int customers, int ballastMegabytes) {
        this.shop = Shop.ofSize(customers).withTableWithoutIdentity();
        this.ballastMegabytes = ballastMegabytes;
    }

    /// Whether tables may be truncated from now on.
    public void copied(boolean done) {
        copied.set(done);
    }

    @Override
    public void prepare(ConnectionSource database) throws SQLException {
        shop.prepare(database);
        try (Connection connection = database.open();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    CREATE SCHEMA turmoil;
                    CREATE TABLE turmoil.chime (what text, amount int);
                    CREATE TABLE turmoil.pair (id int PRIMARY KEY, balance bigint NOT NULL, moved int NOT NULL DEFAULT 0);
                    CREATE TABLE turmoil.bulk (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, part int, filler text);
                    CREATE TABLE turmoil.ballast (id int PRIMARY KEY, filler text);
                    INSERT INTO turmoil.chime SELECT 'ding', i % 3 FROM generate_series(1, 300) i;
                    INSERT INTO turmoil.pair SELECT i, 0 FROM generate_series(1, 200) i;
                    """);
            statement.execute("INSERT INTO turmoil.ballast SELECT i, repeat(md5(i::text), 32) FROM generate_series(1, "
                    + ballastMegabytes * 1024 + ") i");
            statement.execute("ANALYZE");
        }
    }

    @Override
    public boolean transaction(Connection connection, RandomGenerator random) throws SQLException {
        int kind = random.nextInt(1_000);
        if (kind < 4) {
            return large(connection, random);
        }
        ShopSession session = new ShopSession(connection, random);
        if (kind < 250) {
            return chime(session);
        }
        if (kind < 350) {
            return slow(session);
        }
        return (copied.get() ? shop : shop.withoutTruncate()).transaction(connection, random);
    }

    /// Equal rows come, and one of them goes or changes.
    private static boolean chime(ShopSession session) throws SQLException {
        session.run(
                "INSERT INTO turmoil.chime VALUES ('ding', ?), ('dong', 0), ('dong', 0)",
                session.random().nextInt(3));
        Savepoint before = session.connection().setSavepoint();
        session.run(
                "DELETE FROM turmoil.chime WHERE ctid = (SELECT ctid FROM turmoil.chime WHERE what = 'dong' LIMIT 1)");
        if (session.oneIn(3)) {
            session.connection().rollback(before);
        } else {
            session.run("UPDATE turmoil.chime SET amount = amount + 1 WHERE ctid ="
                    + " (SELECT ctid FROM turmoil.chime WHERE what = 'ding' LIMIT 1)");
        }
        return !session.oneIn(10);
    }

    /// Begins early and commits late: others begin after it and commit before.
    private static boolean slow(ShopSession session) throws SQLException {
        RandomGenerator random = session.random();
        int amount = random.nextInt(-100, 101);
        int from = random.nextInt(1, 200);
        session.run("UPDATE turmoil.pair SET balance = balance - ? WHERE id = ?", amount, from);
        session.number("SELECT 0 FROM pg_sleep(?)", random.nextDouble(0.005, 0.2));
        session.run("UPDATE turmoil.pair SET balance = balance + ? WHERE id = ?", amount, from + 1);
        if (session.oneIn(4)) {
            // A key goes away and comes back: what follows finds it at its old place.
            session.run("UPDATE turmoil.pair SET id = -id, moved = moved + 1 WHERE id = ?", from);
            session.run("UPDATE turmoil.pair SET id = -id WHERE id = ?", -from);
        }
        return !session.oneIn(10);
    }

    private static boolean large(Connection connection, RandomGenerator random) throws SQLException {
        ShopSession session = new ShopSession(connection, random);
        int rows = random.nextInt(1, LARGEST);
        for (int part = 0; part < SAVEPOINTS; part++) {
            Savepoint before = connection.setSavepoint();
            session.run(
                    "INSERT INTO turmoil.bulk (part, filler) SELECT ?, md5(i::text) FROM generate_series(1, ?) i",
                    part,
                    rows / SAVEPOINTS + 1);
            if (part % 4 == 1) {
                session.run(
                        "UPDATE turmoil.bulk SET filler = filler || 'x' WHERE part = ? AND length(filler) < 40", part);
            }
            if (part % 3 == 2) {
                connection.rollback(before);
            } else {
                connection.releaseSavepoint(before);
            }
        }
        session.run("DELETE FROM turmoil.bulk WHERE id < (SELECT max(id) FROM turmoil.bulk) - 60000");
        return !session.oneIn(5);
    }
}
