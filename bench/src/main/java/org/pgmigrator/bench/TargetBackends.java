package org.pgmigrator.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;

/// The CPU seconds of the backends that write to a target database, sampled while they are there.
final class TargetBackends {

    private final Map<Long, Double> seconds = new HashMap<>();

    /// @param observer a session in another database of the target
    void sample(Connection observer, String targetDatabase) throws SQLException {
        try (PreparedStatement statement = observer.prepareStatement("""
                SELECT pid FROM pg_stat_activity
                WHERE datname = ? AND backend_type <> 'autovacuum worker' AND application_name <> 'sandbox'""")) {
            statement.setString(1, targetDatabase);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    long pid = rows.getLong(1);
                    ProcessCpu.seconds(pid).ifPresent(now -> seconds.put(pid, now));
                }
            }
        }
    }

    double total() {
        return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
    }
}
