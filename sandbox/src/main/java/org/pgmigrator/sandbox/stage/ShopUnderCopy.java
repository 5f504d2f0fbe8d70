package org.pgmigrator.sandbox.stage;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.random.RandomGenerator;
import org.pgmigrator.sandbox.server.ConnectionSource;
import org.pgmigrator.sandbox.workload.Shop;
import org.pgmigrator.sandbox.workload.Workload;

/// The shop, which leaves TRUNCATE alone until its copy is done: pg_dump's workers do not wait for a table's lock, so a
/// TRUNCATE in the queue makes the dump fail.
final class ShopUnderCopy implements Workload {

    private final Shop shop;
    private volatile boolean copied;

    ShopUnderCopy(Shop shop) {
        this.shop = shop;
    }

    void copyIsDone() {
        copied = true;
    }

    @Override
    public void prepare(ConnectionSource database) throws SQLException {
        shop.prepare(database);
    }

    @Override
    public boolean transaction(Connection connection, RandomGenerator random) throws SQLException {
        return (copied ? shop : shop.withoutTruncate()).transaction(connection, random);
    }
}
