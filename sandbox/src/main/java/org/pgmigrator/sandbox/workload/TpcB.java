package org.pgmigrator.sandbox.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.random.RandomGenerator;
import org.pgmigrator.sandbox.server.ConnectionSource;

/// pgbench's default transaction on pgbench's tables. See https://www.postgresql.org/docs/current/pgbench.html
///
/// @param scale branches; each has 10 tellers and 100,000 accounts
/// @param historyKey whether pgbench_history gets a primary key; pgbench's own has none, and thus no replica identity
public record TpcB(int scale, boolean historyKey) implements Workload {

    private static final int TELLERS_PER_BRANCH = 10;
    private static final int ACCOUNTS_PER_BRANCH = 100_000;
    private static final int LARGEST_DELTA = 5_000;

    public TpcB {
        if (scale < 1 || scale > Integer.MAX_VALUE / ACCOUNTS_PER_BRANCH) {
            throw new IllegalArgumentException("scale must be 1 to 21474, is " + scale);
        }
    }

    /// Every table with a primary key.
    public static TpcB ofScale(int scale) {
        return new TpcB(scale, true);
    }

    /// With pgbench_history as pgbench makes it.
    public TpcB withoutHistoryKey() {
        return new TpcB(scale, false);
    }

    @Override
    public void prepare(ConnectionSource database) throws SQLException {
        String key = historyKey ? "hid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, " : "";
        try (Connection connection = database.open();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("""
                    CREATE TABLE pgbench_branches (bid int NOT NULL, bbalance int, filler char(88));
                    CREATE TABLE pgbench_tellers (tid int NOT NULL, bid int, tbalance int, filler char(84));
                    CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84));
                    """);
            statement.execute("CREATE TABLE pgbench_history (" + key
                    + "tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))");
            statement.execute("INSERT INTO pgbench_branches SELECT i, 0 FROM generate_series(1, " + scale + ") i");
            statement.execute("INSERT INTO pgbench_tellers SELECT i, (i - 1) / " + TELLERS_PER_BRANCH
                    + " + 1, 0 FROM generate_series(1, " + tellers() + ") i");
            statement.execute("INSERT INTO pgbench_accounts SELECT i, (i - 1) / " + ACCOUNTS_PER_BRANCH
                    + " + 1, 0, '' FROM generate_series(1, " + accounts() + ") i");
            statement.execute("""
                    ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid);
                    ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid);
                    ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid);
                    """);
            connection.commit();
            connection.setAutoCommit(true);
            statement.execute("ANALYZE");
        }
    }

    @Override
    public boolean transaction(Connection connection, RandomGenerator random) throws SQLException {
        int aid = random.nextInt(1, accounts() + 1);
        int tid = random.nextInt(1, tellers() + 1);
        int bid = random.nextInt(1, scale + 1);
        int delta = random.nextInt(-LARGEST_DELTA, LARGEST_DELTA + 1);
        run(connection, "UPDATE pgbench_accounts SET abalance = abalance + ? WHERE aid = ?", delta, aid);
        run(connection, "SELECT abalance FROM pgbench_accounts WHERE aid = ?", aid);
        run(connection, "UPDATE pgbench_tellers SET tbalance = tbalance + ? WHERE tid = ?", delta, tid);
        run(connection, "UPDATE pgbench_branches SET bbalance = bbalance + ? WHERE bid = ?", delta, bid);
        run(
                connection,
                "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (?, ?, ?, ?, CURRENT_TIMESTAMP)",
                tid,
                bid,
                aid,
                delta);
        return true;
    }

    private static void run(Connection connection, String sql, int... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int index = 0; index < parameters.length; index++) {
                statement.setInt(index + 1, parameters[index]);
            }
            statement.execute();
        }
    }

    private int tellers() {
        return scale * TELLERS_PER_BRANCH;
    }

    private int accounts() {
        return scale * ACCOUNTS_PER_BRANCH;
    }
}
