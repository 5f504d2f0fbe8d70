package org.pgmigrator.sandbox.server;

import org.jspecify.annotations.Nullable;

/// A throw-away server could not be started, controlled or removed. The message says what to do about it.
public final class SandboxException extends RuntimeException {

    public SandboxException(String message) {
        super(message);
    }

    public SandboxException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
