package org.pgmigrator.core.verify;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.pgmigrator.core.postgres.SqlState;

/// One statement that reads one table, or a part of it, on one side.
///
/// @param weight  bytes that it reads, an estimate
/// @param parser  makes of its rows what is to be done once the whole message has succeeded
/// @param refused told if the server refuses this statement, and it is not the session that is lost
record Reading(String sql, long weight, Parser parser, Consumer<SQLException> refused) {

    /// Small statements travel together, so that a thousand small tables are a handful of messages.
    private static final int MOST_IN_BATCH = 250;

    private static final long BATCH_BYTES = 32L << 20;

    /// Reads the rows of one statement.
    @FunctionalInterface
    interface Parser {
        Runnable parse(ResultSet rows) throws SQLException;
    }

    /// The readings in their order, several small ones in a task.
    static List<Workers.Task> tasks(List<Reading> readings, SideSessions side, Deadline deadline) {
        int most = Math.clamp(readings.size() / (2L * side.readers().size()), 10, MOST_IN_BATCH);
        List<Workers.Task> tasks = new ArrayList<>();
        List<Reading> batch = new ArrayList<>();
        long weight = 0;
        for (Reading reading : readings) {
            if (!batch.isEmpty() && (batch.size() >= most || weight + reading.weight() > BATCH_BYTES)) {
                tasks.add(task(batch, side.exported(), deadline));
                batch = new ArrayList<>();
                weight = 0;
            }
            batch.add(reading);
            weight += reading.weight();
        }
        if (!batch.isEmpty()) {
            tasks.add(task(batch, side.exported(), deadline));
        }
        return tasks;
    }

    private static Workers.Task task(List<Reading> batch, String snapshot, Deadline deadline) {
        return session -> {
            try {
                run(session, batch, snapshot, deadline);
            } catch (SQLException refusal) {
                if (endsEverything(refusal)) {
                    throw refusal;
                }
                // One of them was refused, and the server does not say which.
                for (Reading reading : batch) {
                    alone(session, reading, snapshot, deadline);
                }
            }
        };
    }

    private static void alone(ReadSession session, Reading reading, String snapshot, Deadline deadline)
            throws SQLException {
        try {
            run(session, List.of(reading), snapshot, deadline);
        } catch (SQLException refusal) {
            if (endsEverything(refusal)) {
                throw refusal;
            }
            reading.refused.accept(refusal);
        }
    }

    private static void run(ReadSession session, List<Reading> batch, String snapshot, Deadline deadline)
            throws SQLException {
        List<Runnable> results = new ArrayList<>();
        session.read(
                snapshot,
                deadline,
                batch.stream().map(Reading::sql).toList(),
                (statement, rows) -> results.add(batch.get(statement).parser.parse(rows)));
        results.forEach(Runnable::run);
    }

    /// A lost session, a cancelled statement, and a snapshot that is gone are no matter of one table.
    private static boolean endsEverything(SQLException refusal) {
        return SqlState.isConnectionLoss(refusal)
                || SqlState.QUERY_CANCELED.equals(refusal.getSQLState())
                || SqlState.UNDEFINED_OBJECT.equals(refusal.getSQLState())
                || "22023".equals(refusal.getSQLState());
    }
}
