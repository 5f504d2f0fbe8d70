package org.pgmigrator.core.cutover;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// The target's door: closed for everybody else while the migration runs, so that nobody writes to a copy by mistake.
///
/// It is the database's default for new sessions, not a wall: who sets `default_transaction_read_only` himself can
/// write.
public final class TargetDoor {

    private TargetDoor() {}

    /// Closes it for new sessions; ours switch the setting off for themselves.
    public static void close(Connection target, String database) {
        execute(target, "ALTER DATABASE " + QualifiedName.quote(database) + " SET default_transaction_read_only = on");
    }

    public static void open(Connection target, String database) {
        execute(target, openSql(database));
    }

    /// Whether it is closed for new sessions, by whomever.
    public static boolean isClosed(Connection target) {
        try {
            return SourceDoor.isReadOnlyByDefault(target);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "Whether the target's database is closed is not known.", refusal);
        }
    }

    /// The statement that opens it.
    public static String openSql(String database) {
        return "ALTER DATABASE " + QualifiedName.quote(database) + " RESET default_transaction_read_only";
    }

    private static void execute(Connection target, String sql) {
        try (Statement statement = target.createStatement()) {
            statement.execute(sql);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The target's database could not be closed or opened.", refusal);
        }
    }
}
