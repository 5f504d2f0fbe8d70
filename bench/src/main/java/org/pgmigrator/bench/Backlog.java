package org.pgmigrator.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// What the source has written while nobody was reading.
///
/// @param name    as it is asked for
/// @param setup   statements that give both sides the same start
/// @param write   statements that write the backlog on the source
/// @param changes changes of rows in it
record Backlog(String name, List<String> setup, List<String> write, long changes) {

    static final List<String> NAMES = List.of("tpcb", "inserts", "updates", "huge", "mixed");

    /// The last transaction of a backlog puts a row in here.
    static final String END_TABLE = "bench_end";

    /// The highest `transaction` in here tells how far a live stream has come.
    static final String LIVE_TABLE = "live";

    static final int LIVE_CHANGES = 10;
    private static final int LIVE_ACCOUNTS = 100_000;

    private static final int INSERTS_PER_TRANSACTION = 1_000;
    private static final int UPDATES_PER_TRANSACTION = 100;
    private static final int MIXED_TABLES = 10;
    private static final int MIXED_ROWS = 10_000;

    /// A mixed transaction's row is deleted again this many transactions later.
    private static final int MIXED_LIFE = 1_000;

    private static final String WIDE_ROW =
            "(id bigint PRIMARY KEY, kind int, customer bigint, name text, mail varchar(80), amount numeric(12, 2),"
                    + " at timestamptz, open boolean)";

    private static final String WIDE_VALUES =
            "i, i % 17, i * 31, 'name of ' || i, 'user' || i || '@example.org', (i % 100000) / 7.0,"
                    + " timestamptz '2026-01-01' + i * interval '1 second', i % 3 = 0";

    Backlog {
        setup = List.copyOf(setup);
        write = List.copyOf(write);
    }

    /// @param scale 1 for the sizes that results are compared by; less for a quick look
    static Backlog of(String name, double scale) {
        return switch (name) {
            case "tpcb" -> tpcb(scaled(10, scale), scaled(150_000, scale));
            case "inserts" -> inserts(scaled(1_500, scale));
            case "updates" -> updates(scaled(1_000_000, scale), scaled(10_000, scale));
            case "huge" -> huge(scaled(2_000_000, scale));
            case "mixed" -> mixed(scaled(60_000, scale));
            default -> throw new IllegalArgumentException("no workload \"" + name + "\"; there are " + NAMES);
        };
    }

    private static int scaled(int full, double scale) {
        return Math.max(1, (int) Math.round(full * scale));
    }

    /// Two tables for a stream that is written while it is applied: five inserts and five updates a transaction.
    static Backlog live() {
        return new Backlog(
                "live",
                List.of(
                        "CREATE TABLE " + LIVE_TABLE + " (id bigint PRIMARY KEY, transaction bigint, note text)",
                        "CREATE TABLE account (id int PRIMARY KEY, balance bigint, note text)",
                        "INSERT INTO account SELECT i, 0, 'account ' || i FROM generate_series(1, " + LIVE_ACCOUNTS
                                + ") i"),
                List.of(),
                0);
    }

    /// @param transaction counted from 1; also the highest number in [#LIVE_TABLE] once it is there
    static List<String> liveTransaction(long transaction) {
        int half = LIVE_CHANGES / 2;
        return List.of(
                "INSERT INTO " + LIVE_TABLE + " SELECT " + transaction * half + " + i, " + transaction
                        + ", 'note ' || i FROM generate_series(1, " + half + ") i",
                "UPDATE account SET balance = balance + 1 WHERE id = ANY (ARRAY(SELECT 1 + (" + transaction * 104_729
                        + " + i * 7919) % " + LIVE_ACCOUNTS + " FROM generate_series(1, " + half + ") i))");
    }

    /// pgbench's tables and its default transaction.
    private static Backlog tpcb(int branches, int transactions) {
        int accounts = branches * 100_000;
        int tellers = branches * 10;
        return of(
                "tpcb",
                List.of(
                        "CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88))",
                        "CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84))",
                        "CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84))",
                        "CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp,"
                                + " filler char(22))",
                        "INSERT INTO pgbench_branches SELECT i, 0 FROM generate_series(1, " + branches + ") i",
                        "INSERT INTO pgbench_tellers SELECT i, 1, 0 FROM generate_series(1, " + tellers + ") i",
                        "INSERT INTO pgbench_accounts SELECT i, 1, 0, '' FROM generate_series(1, " + accounts + ") i"),
                """
                DECLARE a int; t int; b int; d int;
                BEGIN
                  FOR i IN 1..%d LOOP
                    a := 1 + floor(random() * %d); t := 1 + floor(random() * %d); b := 1 + floor(random() * %d);
                    d := floor(random() * 10000) - 5000;
                    UPDATE pgbench_accounts SET abalance = abalance + d WHERE aid = a;
                    UPDATE pgbench_tellers SET tbalance = tbalance + d WHERE tid = t;
                    UPDATE pgbench_branches SET bbalance = bbalance + d WHERE bid = b;
                    INSERT INTO pgbench_history VALUES (t, b, a, d, clock_timestamp());
                    COMMIT;
                  END LOOP;
                END""".formatted(transactions, accounts, tellers, branches),
                4L * transactions);
    }

    private static Backlog inserts(int transactions) {
        return of(
                "inserts",
                List.of("CREATE TABLE wide " + WIDE_ROW),
                """
                BEGIN
                  FOR t IN 0..%d LOOP
                    INSERT INTO wide SELECT %s FROM generate_series(t::bigint * %3$d + 1, (t::bigint + 1) * %3$d) i;
                    COMMIT;
                  END LOOP;
                END""".formatted(transactions - 1, WIDE_VALUES, INSERTS_PER_TRANSACTION),
                (long) transactions * INSERTS_PER_TRANSACTION);
    }

    private static Backlog updates(int rows, int transactions) {
        return of(
                "updates",
                List.of(
                        "CREATE TABLE wide " + WIDE_ROW,
                        "INSERT INTO wide SELECT " + WIDE_VALUES + " FROM generate_series(1, " + rows + ") i"),
                """
                DECLARE k bigint;
                BEGIN
                  FOR t IN 1..%d LOOP
                    k := floor(random() * %2$d);
                    UPDATE wide SET kind = kind + 1, amount = amount + 1
                    WHERE id = ANY (ARRAY(SELECT 1 + (k + i * 7919) %% %2$d FROM generate_series(1, %3$d) i));
                    COMMIT;
                  END LOOP;
                END""".formatted(transactions, rows, Math.min(rows, UPDATES_PER_TRANSACTION)),
                (long) transactions * Math.min(rows, UPDATES_PER_TRANSACTION));
    }

    private static Backlog huge(int rows) {
        return of(
                "huge",
                List.of("CREATE TABLE wide " + WIDE_ROW),
                "BEGIN INSERT INTO wide SELECT " + WIDE_VALUES + " FROM generate_series(1, " + rows + ") i; END",
                rows);
    }

    /// One insert, two updates and, in every fourth, a delete, each in another table.
    private static Backlog mixed(int transactions) {
        List<String> setup = new ArrayList<>();
        for (int table = 0; table < MIXED_TABLES; table++) {
            setup.add("CREATE TABLE mixed_" + table + " " + WIDE_ROW);
            setup.add("INSERT INTO mixed_" + table + " SELECT " + WIDE_VALUES + " FROM generate_series(1, " + MIXED_ROWS
                    + ") i");
        }
        long deletes = IntStream.rangeClosed(MIXED_LIFE + 1, transactions)
                .filter(transaction -> transaction % 4 == 0)
                .count();
        return of(
                "mixed",
                setup,
                """
                DECLARE k bigint;
                BEGIN
                  FOR t IN 1..%d LOOP
                    k := 1 + floor(random() * %d);
                    EXECUTE format('INSERT INTO mixed_%%s SELECT %s FROM (SELECT $1) g(i)', t %% 10)
                      USING 1000000 + t::bigint;
                    EXECUTE format('UPDATE mixed_%%s SET kind = kind + 1 WHERE id = $1', (t + 3) %% 10) USING k;
                    EXECUTE format('UPDATE mixed_%%s SET amount = amount + 1 WHERE id = $1', (t + 6) %% 10) USING k;
                    IF t %% 4 = 0 AND t > %d THEN
                      EXECUTE format('DELETE FROM mixed_%%s WHERE id = $1', (t - %4$d) %% 10)
                        USING 1000000 + t::bigint - %4$d;
                    END IF;
                    COMMIT;
                  END LOOP;
                END""".formatted(
                        transactions, MIXED_ROWS, WIDE_VALUES.replace("'", "''").replace("%", "%%"), MIXED_LIFE),
                3L * transactions + deletes);
    }

    private static Backlog of(String name, List<String> setup, String block, long changes) {
        List<String> both = new ArrayList<>(setup);
        both.add("CREATE TABLE " + END_TABLE + " (id int PRIMARY KEY)");
        return new Backlog(
                name,
                both,
                List.of(
                        // Only the last commit has to be waited for: it makes all before it durable, too.
                        "SET synchronous_commit = off",
                        "DO $block$ " + block + " $block$",
                        "SET synchronous_commit = on",
                        "INSERT INTO " + END_TABLE + " VALUES (1)"),
                changes);
    }
}
