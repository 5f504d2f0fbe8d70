package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// The target does not know the migration that a command is about.
public final class NoMigration {

    private NoMigration() {}

    /// NO_MIGRATION, with the names of those that there are; the target's kind if it did not say.
    public static MigrationException exception(Database target, Connection connection, String subscription) {
        try {
            return new MigrationException(Failure.of(
                            FailureKind.NO_MIGRATION,
                            "The target " + target.describe() + " has no migration \"" + subscription + "\".",
                            others(MigrationRecord.names(connection)))
                    .withState("nothing was changed"));
        } catch (SQLException refusal) {
            return SqlState.toException(Side.TARGET, "The target's migrations could not be listed.", refusal);
        }
    }

    /// Which ones it has instead.
    public static String others(List<String> names) {
        return names.isEmpty()
                ? "it has none: none was begun, or it was completed or aborted, and its state removed"
                : "it has: " + String.join(", ", names);
    }
}
