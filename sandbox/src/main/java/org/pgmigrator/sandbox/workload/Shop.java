package org.pgmigrator.sandbox.workload;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.random.RandomGenerator;
import org.pgmigrator.sandbox.server.ConnectionSource;

/// An application whose schema `shop` holds what real ones do: identity and generated columns, enums, domains,
/// composites,
/// arrays, jsonb, ranges, bytea, values out of line, partitions, triggers, quoted names, replica identity by key, by
/// index
/// and full, sequences in every direction; and whose transactions insert, update, delete, change keys, move rows
/// between
/// partitions, truncate, and roll back to savepoints.
///
/// @param size customers at the start
/// @param tableWithoutIdentity whether there is `shop.readings`, which has no replica identity and only grows
/// @param truncates whether its transactions truncate: TRUNCATE waits for every reader of the table, and every later
///     reader waits for it, so an application that does it cannot be dumped while it goes on
public record Shop(int size, boolean tableWithoutIdentity, boolean truncates) implements Workload {

    /// Every table with a replica identity.
    public static Shop ofSize(int size) {
        return new Shop(size, false, true);
    }

    public Shop withTableWithoutIdentity() {
        return new Shop(size, true, truncates);
    }

    /// The same tables, without the transactions that truncate one.
    public Shop withoutTruncate() {
        return new Shop(size, tableWithoutIdentity, false);
    }

    @Override
    public void prepare(ConnectionSource database) throws SQLException {
        try (Connection connection = database.open();
                Statement statement = connection.createStatement()) {
            statement.execute(script("shop.sql"));
            statement.execute(script("shop-content.sql").replace("${size}", Integer.toString(size)));
            if (tableWithoutIdentity) {
                statement.execute("CREATE TABLE shop.readings (device int, value double precision, at timestamptz)");
            }
        }
    }

    @Override
    public boolean transaction(Connection connection, RandomGenerator random) throws SQLException {
        ShopSession session = new ShopSession(connection, random);
        if (tableWithoutIdentity && random.nextInt(10) == 0) {
            session.run(
                    "INSERT INTO shop.readings VALUES (?, ?, clock_timestamp())",
                    random.nextInt(9),
                    random.nextDouble());
        }
        ShopOperation operation = ShopOperation.choose(random);
        return (operation == ShopOperation.EMPTY_CARTS && !truncates ? ShopOperation.FILL_CART : operation)
                .run(session);
    }

    private static String script(String name) {
        try (InputStream stream = Shop.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new IllegalStateException("resource " + name + " is missing");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("resource " + name + " cannot be read", e);
        }
    }
}
