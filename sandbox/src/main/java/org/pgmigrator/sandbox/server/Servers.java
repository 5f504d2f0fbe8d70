package org.pgmigrator.sandbox.server;

import java.util.List;

/// Starts servers in the way that the system property `pgmigrator.servers` names: `embedded` (default).
public final class Servers {

    /// The majors that every server of the sandbox can be had in.
    public static final List<Integer> MAJORS = List.of(14, 15, 16, 17, 18);

    private Servers() {}

    public static PostgresServer start(int major, String... databases) {
        return start(ServerSpec.of(major).database(databases));
    }

    public static PostgresServer start(ServerSpec spec) {
        return EmbeddedServer.start(spec);
    }
}
