package org.pgmigrator.cli.fault;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.random.RandomGenerator;
import org.pgmigrator.sandbox.server.ConnectionSource;
import org.pgmigrator.sandbox.workload.Workload;

/// The [Ledger], each of whose transactions also has about 140 changes: many changes a second from few clients.
record Crowd(Ledger ledger) implements Workload {

    @Override
    public void prepare(ConnectionSource database) throws SQLException {
        ledger.prepare(database);
        try (Connection connection = database.open();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "CREATE TABLE crowd (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, seen int, name text)");
        }
    }

    @Override
    public boolean transaction(Connection connection, RandomGenerator random) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("INSERT INTO crowd (seen, name) SELECT 0, md5(i::text) FROM generate_series(1, 60) i");
            // The newest rows alone: no dead one is removed while the snapshot of the copy is held.
            statement.execute("UPDATE crowd SET seen = seen + 1 WHERE id > (SELECT max(id) FROM crowd) - 60");
            statement.execute("DELETE FROM crowd WHERE id > (SELECT max(id) FROM crowd) - 20");
        }
        return ledger.transaction(connection, random);
    }
}
