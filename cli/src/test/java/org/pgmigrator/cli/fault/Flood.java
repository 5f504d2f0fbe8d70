package org.pgmigrator.cli.fault;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.random.RandomGenerator;
import org.pgmigrator.sandbox.server.ConnectionSource;
import org.pgmigrator.sandbox.workload.Workload;

/// The [Ledger], whose every tenth transaction also writes 400 kB that hardly compress: much WAL from few changes.
record Flood(Ledger ledger) implements Workload {

    @Override
    public void prepare(ConnectionSource database) throws SQLException {
        ledger.prepare(database);
        try (Connection connection = database.open();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE flood (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, filler text);"
                    + " ALTER TABLE flood ALTER filler SET STORAGE EXTERNAL");
        }
    }

    @Override
    public boolean transaction(Connection connection, RandomGenerator random) throws SQLException {
        if (random.nextInt(10) == 0) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(
                        "INSERT INTO flood (filler) SELECT (SELECT string_agg(md5(random()::text || i || j), '')"
                                + " FROM generate_series(1, 250) j) FROM generate_series(1, 50) i");
            }
        }
        return ledger.transaction(connection, random);
    }
}
