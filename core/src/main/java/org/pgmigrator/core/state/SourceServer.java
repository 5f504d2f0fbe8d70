package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// Which database a migration comes from: what is undone or read there must be there, not on a server that happens to
/// have a slot of the same name.
///
/// @param system   the cluster's system identifier, which a physical copy of it shares
/// @param database the database's name
public record SourceServer(String system, String database) {

    /// Of the database that this session is connected to.
    public static SourceServer read(Connection source) throws SQLException {
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery(
                        "select system_identifier::text, current_database() from pg_control_system()")) {
            row.next();
            return new SourceServer(row.getString(1), row.getString(2));
        }
    }

    /// In a session of its own.
    public static SourceServer of(Database source) {
        try (Connection connection = source.connect(Session.named("identify"))) {
            return read(connection);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.SOURCE, "The source could not be identified.", refusal);
        }
    }

    /// Refuses another server, which says nothing about this one and has nothing of ours.
    ///
    /// @param what is wrong then, one sentence
    /// @throws MigrationException SLOT_MISMATCH
    public void requireIs(SourceServer actual, String what) {
        if (!actual.equals(this)) {
            throw new MigrationException(Failure.of(
                    FailureKind.SLOT_MISMATCH, what, "recorded: " + describe() + "; found: " + actual.describe()));
        }
    }

    /// Refuses another server where a command has just begun.
    ///
    /// @param given what `--source` leads to
    /// @throws MigrationException SLOT_MISMATCH, which says that nothing was changed
    public void requireGiven(SourceServer given) {
        if (!given.equals(this)) {
            throw new MigrationException(Failure.of(
                            FailureKind.SLOT_MISMATCH,
                            "The migration on the target does not come from this source.",
                            "recorded: " + describe() + "; found: " + given.describe())
                    .withState("nothing was changed")
                    .withRemedy("Check --source."));
        }
    }

    /// `database orders of system 7312345678901234567`.
    String describe() {
        return "database " + database + " of system " + system;
    }
}
