package org.pgmigrator.cli.migrate;

import java.sql.SQLException;
import java.util.List;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.DatabaseComparison;
import org.pgmigrator.sandbox.compare.SequenceRule;
import org.pgmigrator.sandbox.server.ConnectionSource;
import org.pgmigrator.sandbox.server.PostgresServer;

/// A database of the same name on two servers: the one on the target is empty.
///
/// The name is that of the slot as well, so it is in lower case.
record DatabasePair(PostgresServer source, PostgresServer target, String name) {

    static DatabasePair create(PostgresServer source, PostgresServer target, String name) throws SQLException {
        source.createDatabase(name);
        target.createDatabase(name);
        return new DatabasePair(source, target, name);
    }

    ConnectionSource sourceSessions() {
        return () -> source.connect(name);
    }

    ConnectionSource targetSessions() {
        return () -> target.connect(name);
    }

    void onSource(String... statements) throws SQLException {
        source.execute(name, statements);
    }

    /// As somebody who is not kept out by the target being closed.
    void onClosedTarget(String statement) throws SQLException {
        target.execute(name, "SET default_transaction_read_only = off", statement);
    }

    String sourceValue(String query) throws SQLException {
        return source.value(name, query);
    }

    String targetValue(String query) throws SQLException {
        return target.value(name, query);
    }

    List<String> targetRows(String query) throws SQLException {
        return target.rows(name, query);
    }

    /// Every row of both, and the sequences by this rule.
    ComparisonResult compare(SequenceRule sequences) throws SQLException {
        return new DatabaseComparison().sequences(sequences).compare(sourceSessions(), targetSessions());
    }
}
