package org.pgmigrator.core.error;

/// How the process ends. Scripts depend on the numbers: they are never renumbered.
public enum ExitCode {
    DONE(0),
    BUG(1),
    USAGE(2),
    /// The checks refused: nothing was changed on either side.
    CHECK_REFUSED(3),
    SOURCE(4),
    REPLICATION(5),
    TARGET(6),
    VERIFICATION_DIFFERENCE(7),
    /// The cutover was not completed; the source goes on serving.
    CUTOVER_NOT_COMPLETED(8),
    STOPPED_BY_INTERRUPT(130),
    STOPPED_BY_TERMINATE(143);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
