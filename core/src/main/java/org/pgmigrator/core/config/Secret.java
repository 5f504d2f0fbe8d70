package org.pgmigrator.core.config;

/// A text that must not be shown: its `toString` is a mask. Only the code that opens a connection asks for [#reveal].
public final class Secret {

    private final String value;

    public Secret(String value) {
        this.value = value;
    }

    /// The hidden text. Never pass it to a log, an error, a command line or the durable state.
    public String reveal() {
        return value;
    }

    @Override
    public String toString() {
        return "****";
    }
}
