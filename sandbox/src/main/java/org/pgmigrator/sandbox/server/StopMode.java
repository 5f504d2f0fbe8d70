package org.pgmigrator.sandbox.server;

/// How a server is asked to stop. See https://www.postgresql.org/docs/current/server-shutdown.html
public enum StopMode {

    /// Sessions are ended, a shutdown checkpoint is written; waits for walsenders until their clients have everything.
    FAST("INT"),

    /// Everything stops at once, with crash recovery at the next start.
    IMMEDIATE("QUIT");

    private final String signal;

    StopMode(String signal) {
        this.signal = signal;
    }

    String signal() {
        return signal;
    }
}
