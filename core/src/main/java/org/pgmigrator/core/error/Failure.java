package org.pgmigrator.core.error;

import java.util.List;

/// One failure, told so that a tired person can act: what failed, why, what state both databases are in, what to do.
///
/// No part may hold a password or the value of a row, except the key of a row that could not be applied.
///
/// @param kind  the kind, which fixes the exit code
/// @param what  what failed, one sentence with real names and numbers
/// @param why   the cause, usually the server's or the tool's own words; empty if `what` says it all
/// @param state what state the source and the target are in now; empty until `core.phase`, which knows, fills it in
/// @param remedy what to do, in order; the kind's own remedy unless a more exact one is known
public record Failure(FailureKind kind, String what, String why, String state, List<String> remedy) {

    public Failure {
        remedy = remedy.isEmpty() ? List.of(kind.remedy()) : List.copyOf(remedy);
    }

    public static Failure of(FailureKind kind, String what, String why) {
        return new Failure(kind, what, why, "", List.of());
    }

    public Failure withState(String newState) {
        return new Failure(kind, what, why, newState, remedy);
    }

    public Failure withRemedy(String... steps) {
        return new Failure(kind, what, why, state, List.of(steps));
    }
}
