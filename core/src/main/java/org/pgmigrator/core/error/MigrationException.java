package org.pgmigrator.core.error;

import org.jspecify.annotations.Nullable;

/// The only exception that leaves an engine on purpose: it carries a [Failure]. Anything else is a bug.
public final class MigrationException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final transient Failure failure;

    public MigrationException(Failure failure) {
        this(failure, null);
    }

    public MigrationException(Failure failure, @Nullable Throwable cause) {
        super(failure.kind() + ": " + failure.what(), cause);
        this.failure = failure;
    }

    public Failure failure() {
        return failure;
    }
}
