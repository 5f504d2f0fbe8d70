package org.pgmigrator.core.phase.cutover;

/// The cutover can't be done now; the migration goes on streaming.
final class CutoverGivenUp extends Exception {

    private static final long serialVersionUID = 1;

    private final String reason;

    /// @param reason what is in the way, for a person, without a full stop
    CutoverGivenUp(String reason) {
        super(reason);
        this.reason = reason;
    }

    String reason() {
        return reason;
    }
}
