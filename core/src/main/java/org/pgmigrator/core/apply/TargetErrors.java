package org.pgmigrator.core.apply;

import java.sql.SQLException;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// What the target's refusal of a change means.
final class TargetErrors {

    private TargetErrors() {}

    static MigrationException of(String change, Origin origin, SQLException refusal) {
        String state = refusal.getSQLState();
        if (state != null && state.startsWith("23")) {
            return origin.failure(
                    FailureKind.TARGET_CONSTRAINT_VIOLATION,
                    "The target refused the " + change + ".",
                    SqlState.serverWords(refusal),
                    refusal);
        }
        if (state != null && (state.startsWith("22") || state.startsWith("42"))) {
            return origin.failure(
                    FailureKind.TARGET_SCHEMA_DIFFERS,
                    "The target could not take the " + change + ".",
                    SqlState.serverWords(refusal),
                    refusal);
        }
        return origin.failure(
                SqlState.kindOf(Side.TARGET, state),
                "The target failed at the " + change + ".",
                SqlState.serverWords(refusal),
                refusal);
    }

    static MigrationException wrongCount(RowChange change, long count, Origin origin) {
        return origin.failure(
                FailureKind.ROW_NOT_FOUND_ON_TARGET,
                "The " + describe(change) + " found " + (count == 0 ? "no row" : count + " rows")
                        + " on the target; it must be exactly one.",
                "the target has been changed by something else, or was not an exact copy");
    }

    static String describe(RowChange change) {
        return change.verb() + " of " + change.table().name() + " " + change.key();
    }
}
