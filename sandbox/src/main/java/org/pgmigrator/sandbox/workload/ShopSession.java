package org.pgmigrator.sandbox.workload;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// What the shop's operations need of a session: statements, and rows chosen at random.
record ShopSession(Connection connection, RandomGenerator random) {

    /// Runs a statement and gives the number of rows that it changed.
    int run(String sql, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int index = 0; index < parameters.length; index++) {
                statement.setObject(index + 1, parameters[index]);
            }
            return statement.execute() ? 0 : statement.getUpdateCount();
        }
    }

    /// The number that a query gives; -1 if it has no row.
    long number(String sql, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int index = 0; index < parameters.length; index++) {
                statement.setObject(index + 1, parameters[index]);
            }
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? rows.getLong(1) : -1;
            }
        }
    }

    /// One of the orders that exist; -1 if there is none.
    long anyOrder() throws SQLException {
        long from = 1000 + (long) (random.nextDouble() * (number("SELECT last_value FROM shop.order_number") - 1000));
        return number("SELECT id FROM shop.orders WHERE id >= ? ORDER BY id LIMIT 1", from);
    }

    long anyCustomer() throws SQLException {
        return random.nextLong(1, number("SELECT max(id) FROM shop.customers") + 1);
    }

    long anyProduct() throws SQLException {
        return random.nextLong(1, number("SELECT max(id) FROM shop.products") + 1);
    }

    /// One to four products by their keys, ascending.
    List<Long> someProducts() throws SQLException {
        long highest = number("SELECT max(id) FROM shop.products");
        return random.longs(random.nextInt(1, 5), 1, highest + 1)
                .sorted()
                .boxed()
                .toList();
    }

    String region() {
        return switch (random.nextInt(4)) {
            case 0 -> "europe";
            case 1 -> "america";
            case 2 -> "asia";
            default -> "africa";
        };
    }

    /// Text that does not compress, of up to 16,000 characters.
    String longText() {
        byte[] bytes = new byte[random.nextInt(1, 8_001)];
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    boolean oneIn(int count) {
        return random.nextInt(count) == 0;
    }

    Savepoint savepoint() throws SQLException {
        return connection.setSavepoint();
    }

    void rollbackTo(Savepoint savepoint) throws SQLException {
        connection.rollback(savepoint);
    }
}
