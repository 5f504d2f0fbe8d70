package org.pgmigrator.core.uncarried;

import java.sql.Connection;
import java.sql.SQLException;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One transaction on a session that is otherwise in none. Closed without [#commit] it is rolled back.
final class Transaction implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Transaction.class);

    private final Connection connection;
    private final Side side;
    private boolean committed;

    private Transaction(Connection connection, Side side) {
        this.connection = connection;
        this.side = side;
    }

    /// All its statements see the same state.
    static Transaction reading(Connection connection, Side side) {
        return begin(connection, side, Connection.TRANSACTION_REPEATABLE_READ, true);
    }

    static Transaction writing(Connection connection, Side side) {
        return begin(connection, side, Connection.TRANSACTION_READ_COMMITTED, false);
    }

    private static Transaction begin(Connection connection, Side side, int isolation, boolean readOnly) {
        try {
            connection.setTransactionIsolation(isolation);
            connection.setReadOnly(readOnly);
            connection.setAutoCommit(false);
            return new Transaction(connection, side);
        } catch (SQLException lost) {
            throw SqlState.toException(side, "A transaction could not be begun.", lost);
        }
    }

    /// @throws org.pgmigrator.core.error.MigrationException of the side's kinds
    void commit() {
        try {
            connection.commit();
            committed = true;
        } catch (SQLException lost) {
            throw SqlState.toException(side, "A transaction could not be committed.", lost);
        }
    }

    @Override
    public void close() {
        try {
            if (!committed) {
                connection.rollback();
            }
            connection.setAutoCommit(true);
        } catch (SQLException lost) {
            // With its session the transaction is gone.
            LOG.debug("a transaction could not be rolled back reason={}", lost.getMessage());
        }
    }
}
