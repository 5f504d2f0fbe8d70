package org.pgmigrator.core.control;

import java.util.List;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;

/// A stop by the operator, told like a failure: what state things are in, and how to go on.
public final class Stops {

    private Stops() {}

    /// STOPPED_BY_INTERRUPT or STOPPED_BY_TERMINATE, as the control was asked.
    ///
    /// @param state  what both databases are like now
    /// @param remedy how to go on, a line each
    public static MigrationException exception(OperatorControl control, String state, List<String> remedy) {
        FailureKind kind = switch (control.stopRequested().orElse(OperatorControl.Stop.INTERRUPT_NOW)) {
            case INTERRUPT_AND_REMOVE, INTERRUPT_NOW -> FailureKind.STOPPED_BY_INTERRUPT;
            case TERMINATE -> FailureKind.STOPPED_BY_TERMINATE;
        };
        String what = kind == FailureKind.STOPPED_BY_INTERRUPT
                ? "The migration was stopped with Ctrl+C."
                : "The migration was stopped by a signal (TERM or HUP).";
        return new MigrationException(new Failure(kind, what, "", state, remedy));
    }
}
