package org.pgmigrator.core.postgres;

import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;

/// The failures of a connection string that cannot be used.
///
/// Values are never repeated: in a malformed string any piece may be a piece of the password.
final class Refusal {

    private Refusal() {}

    /// @param why the reason, naming the parameter or the position, never a value
    static MigrationException of(Side side, String why, String... remedy) {
        Failure failure = Failure.of(
                FailureKind.CONNECTION_STRING, "The connection of the " + side.word() + " cannot be used.", why);
        return new MigrationException(remedy.length == 0 ? failure : failure.withRemedy(remedy));
    }
}
