package org.pgmigrator.sandbox.workload;

import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/// One kind of transaction of the shop. The weight says how often it comes, of the sum of all weights.
enum ShopOperation {
    PLACE_ORDER(300) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            long customer = session.anyCustomer();
            int placed = session.run(
                    "INSERT INTO shop.orders (region, customer_id, note) SELECT ?, id, ? FROM shop.customers WHERE id = ?",
                    session.region(),
                    session.oneIn(3) ? null : "",
                    customer);
            if (placed == 0) {
                // The customer of that number is not committed yet, and the current order is an earlier one.
                return true;
            }
            // In the order of their keys, so that two orders never wait for each other's product.
            List<Long> products = session.someProducts();
            for (int line = 0; line < products.size(); line++) {
                session.run(
                        "INSERT INTO shop.order_lines (order_id, line_number, product_id, quantity, price)"
                                + " SELECT currval('shop.order_number'), ?, id, ?, price FROM shop.products WHERE id = ?",
                        line + 1,
                        session.random().nextInt(1, 9),
                        products.get(line));
                session.run("UPDATE shop.products SET stock = stock - 1 WHERE id = ?", products.get(line));
            }
            return true;
        }
    },
    CHANGE_STATUS(150) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            session.run(
                    "UPDATE shop.orders SET status = CASE status WHEN 'new' THEN 'paid' WHEN 'paid' THEN 'shipped'"
                            + " ELSE 'returned' END::shop.order_status WHERE id = ?",
                    session.anyOrder());
            return true;
        }
    },
    MOVE_ORDER_TO_ANOTHER_PARTITION(40) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            session.run("UPDATE shop.orders SET region = ? WHERE id = ?", session.region(), session.anyOrder());
            return true;
        }
    },
    CANCEL_ORDER(60) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            long order = session.anyOrder();
            session.run("DELETE FROM shop.order_lines WHERE order_id = ?", order);
            session.run("DELETE FROM shop.orders WHERE id = ?", order);
            return true;
        }
    },
    RENUMBER_LINES(40) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            // Swaps the first two lines' keys through a third value.
            long order = session.anyOrder();
            if (session.run("UPDATE shop.order_lines SET line_number = 0 WHERE order_id = ? AND line_number = 1", order)
                    == 0) {
                // Another client has just swapped them: what this statement sees as line 2 is line 1 already.
                return true;
            }
            session.run("UPDATE shop.order_lines SET line_number = 1 WHERE order_id = ? AND line_number = 2", order);
            session.run("UPDATE shop.order_lines SET line_number = 2 WHERE order_id = ? AND line_number = 0", order);
            return true;
        }
    },
    REGISTER_CUSTOMER(60) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            byte[] avatar = new byte[session.random().nextInt(3_000)];
            session.random().nextBytes(avatar);
            session.run(
                    "INSERT INTO shop.customers (email, home, tags, profile, avatar) VALUES (gen_random_uuid()::text,"
                            + " ROW('Straße 1', NULL, 'x'), ARRAY['new', ''], jsonb_build_object('random', ?::float8), ?)",
                    session.random().nextDouble(),
                    session.oneIn(4) ? null : avatar);
            return true;
        }
    },
    CHANGE_CUSTOMER(100) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            long customer = session.anyCustomer();
            if (session.oneIn(2)) {
                session.run(
                        "UPDATE shop.customers SET balance = balance + ?::float8::numeric(10, 2) WHERE id = ?",
                        session.random().nextDouble() * 100,
                        customer);
            } else {
                session.run(
                        "UPDATE shop.customers SET profile = profile || '{\"seen\": true}', tags = tags[1:3] || ?"
                                + " WHERE id = ?",
                        "tag" + session.random().nextInt(100),
                        customer);
            }
            return true;
        }
    },
    REWRITE_DESCRIPTION(20) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            session.run(
                    "UPDATE shop.products SET description = ? WHERE id = ?", session.longText(), session.anyProduct());
            return true;
        }
    },
    USE_COUPON(50) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            // Another code on every third use: a key change by way of a unique index.
            session.run(
                    "UPDATE shop.coupons SET uses = uses + 1, code = CASE WHEN uses % 3 = 2 THEN gen_random_uuid()::text"
                            + " ELSE code END WHERE code = (SELECT code FROM shop.coupons OFFSET ? LIMIT 1)",
                    session.random().nextInt(100));
            return true;
        }
    },
    VISIT(100) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            session.run(
                    "INSERT INTO shop.visits VALUES (?, ?::float4, '2026-01-02')",
                    session.oneIn(10) ? null : "/page/" + session.random().nextInt(20),
                    session.oneIn(7) ? null : session.random().nextInt(5) / 3.0f);
            String one = " WHERE ctid = (SELECT ctid FROM shop.visits OFFSET ? LIMIT 1)";
            if (session.oneIn(3)) {
                session.run(
                        "UPDATE shop.visits SET seconds = seconds + 1" + one,
                        session.random().nextInt(50));
            } else if (session.oneIn(3)) {
                session.run("DELETE FROM shop.visits" + one, session.random().nextInt(50));
            }
            return true;
        }
    },
    FILL_CART(60) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            session.run(
                    "INSERT INTO shop.carts (items) VALUES (ARRAY[?, 'b'])",
                    "item " + session.random().nextInt(9));
            session.run(
                    "UPDATE shop.carts SET items = items || 'c'::text WHERE ticket % 10 = ?",
                    -session.random().nextInt(10));
            return true;
        }
    },
    EMPTY_CARTS(3) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            // As a careful application does: it would queue behind a long reader such as a dump, and everybody behind
            // it.
            if (session.number(READERS_OF_CARTS) > 0) {
                return true;
            }
            session.run("INSERT INTO shop.carts (items) VALUES (NULL)");
            session.run("TRUNCATE shop.carts");
            session.run("INSERT INTO shop.carts (items) VALUES ('{}')");
            return true;
        }
    },
    IMPORT_CUSTOMERS(3) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            session.run(
                    "INSERT INTO shop.customers (email) SELECT gen_random_uuid()::text FROM generate_series(1, ?)",
                    session.random().nextInt(100, 1_000));
            return true;
        }
    },
    ROLL_BACK_TO_SAVEPOINTS(30) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            String note = "INSERT INTO shop.\"Audit \"\"Trail\"\"\" (\"What?\") VALUES (?)";
            session.run(note, "kept 1");
            Savepoint first = session.savepoint();
            session.run(note, "undone 1");
            Savepoint second = session.savepoint();
            session.run(note, "undone 2");
            session.rollbackTo(second);
            session.run(note, "undone 3");
            session.rollbackTo(first);
            session.run(note, "kept 2");
            return true;
        }
    },
    ROLL_BACK(20) {
        @Override
        boolean run(ShopSession session) throws SQLException {
            session.run("UPDATE shop.products SET stock = 0 WHERE id = ?", session.anyProduct());
            return false;
        }
    };

    private static final String READERS_OF_CARTS =
            "SELECT count(*) FROM pg_locks WHERE relation = 'shop.carts'::regclass AND mode = 'AccessShareLock'"
                    + " AND pid <> pg_backend_pid()";

    private static final int SUM_OF_WEIGHTS =
            Arrays.stream(values()).mapToInt(operation -> operation.weight).sum();

    private final int weight;

    ShopOperation(int weight) {
        this.weight = weight;
    }

    static ShopOperation choose(RandomGenerator random) {
        int left = random.nextInt(SUM_OF_WEIGHTS);
        for (ShopOperation operation : values()) {
            left -= operation.weight;
            if (left < 0) {
                return operation;
            }
        }
        throw new AssertionError("weights do not add up");
    }

    /// Does the transaction's work, without its end.
    ///
    /// @return whether to commit
    abstract boolean run(ShopSession session) throws SQLException;
}
