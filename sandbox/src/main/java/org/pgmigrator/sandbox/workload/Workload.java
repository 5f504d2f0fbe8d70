package org.pgmigrator.sandbox.workload;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.random.RandomGenerator;
import org.pgmigrator.sandbox.server.ConnectionSource;

/// An application that writes: its tables, and one of its transactions after the other. Stateless, so that any number
/// of
/// clients may run it.
public interface Workload {

    /// Creates and fills the tables in an empty database.
    void prepare(ConnectionSource database) throws SQLException;

    /// Runs one transaction up to, and without, its COMMIT.
    ///
    /// @param connection of this client alone, without autocommit, in no transaction
    /// @return false to have it rolled back, which is then not an error
    boolean transaction(Connection connection, RandomGenerator random) throws SQLException;
}
