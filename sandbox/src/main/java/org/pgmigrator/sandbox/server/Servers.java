package org.pgmigrator.sandbox.server;

import java.util.List;

/// Starts servers in the way that the system property `pgmigrator.servers` names: `embedded` (default) or `docker`.
public final class Servers {

    /// The majors that every server of the sandbox can be had in.
    public static final List<Integer> MAJORS = List.of(14, 15, 16, 17, 18);

    private Servers() {}

    public static PostgresServer start(int major, String... databases) {
        return start(ServerSpec.of(major).database(databases));
    }

    public static PostgresServer start(ServerSpec spec) {
        String way = System.getProperty("pgmigrator.servers", "embedded");
        return switch (way) {
            case "embedded" -> EmbeddedServer.start(spec);
            case "docker" -> inContainer(spec);
            default ->
                throw new SandboxException(
                        "system property pgmigrator.servers is \"" + way + "\"; it knows embedded and docker");
        };
    }

    /// Testcontainers is an optional dependency: nothing but this call loads the class that needs it.
    private static PostgresServer inContainer(ServerSpec spec) {
        try {
            return ContainerServer.start(spec);
        } catch (NoClassDefFoundError e) {
            throw new SandboxException(
                    "pgmigrator.servers=docker needs org.testcontainers:testcontainers-postgresql on the class path",
                    e);
        }
    }
}
