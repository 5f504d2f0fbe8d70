package org.pgmigrator.core.postgres;

import org.pgmigrator.core.error.FailureKind;

/// One of the two databases of a migration: where the data comes from, or where it goes.
public enum Side {
    SOURCE(
            "source",
            FailureKind.SOURCE_UNREACHABLE,
            FailureKind.SOURCE_AUTHENTICATION,
            FailureKind.SOURCE_FAILED,
            FailureKind.SOURCE_FAILED),
    TARGET(
            "target",
            FailureKind.TARGET_UNREACHABLE,
            FailureKind.TARGET_AUTHENTICATION,
            FailureKind.TARGET_DISK_FULL,
            FailureKind.TARGET_FAILED);

    private final String word;
    private final FailureKind unreachable;
    private final FailureKind authentication;
    private final FailureKind diskFull;
    private final FailureKind failed;

    Side(String word, FailureKind unreachable, FailureKind authentication, FailureKind diskFull, FailureKind failed) {
        this.word = word;
        this.unreachable = unreachable;
        this.authentication = authentication;
        this.diskFull = diskFull;
        this.failed = failed;
    }

    /// The side in a sentence: `source` or `target`.
    public String word() {
        return word;
    }

    /// No session with the server, but there may be one later.
    public FailureKind unreachable() {
        return unreachable;
    }

    /// The server refuses this user.
    public FailureKind authentication() {
        return authentication;
    }

    /// The server has no room to write what it was told to.
    public FailureKind diskFull() {
        return diskFull;
    }

    /// Anything else that the server, or the way to it, refuses.
    public FailureKind failed() {
        return failed;
    }
}
