package org.pgmigrator.core.progress;

/// The phases of a migration, in their order: the payload-free twin of what `core.phase` proves step by step.
public enum Phase {
    VALIDATE("Validate"),
    PREPARE_SNAPSHOT("PrepareSnapshot"),
    DUMP("Dump"),
    RESTORE("Restore"),
    STREAM_APPLY("StreamApply"),
    CAUGHT_UP("CaughtUp"),
    CUTOVER("Cutover");

    private final String title;

    Phase(String title) {
        this.title = title;
    }

    /// The name that the operator sees.
    public String title() {
        return title;
    }
}
