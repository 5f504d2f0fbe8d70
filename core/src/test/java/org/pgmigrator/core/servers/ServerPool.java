package org.pgmigrator.core.servers;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.Servers;

/// Servers with ordinary settings, one of each version and role, started when they are first asked for and stopped
/// after
/// the last test: for tests that stay in databases and with roles of their own, and neither stop nor set up a server.
public final class ServerPool implements AutoCloseable {

    private final Map<String, PostgresServer> servers = new HashMap<>();

    ServerPool() {}

    public PostgresServer source(int major) {
        return servers.computeIfAbsent("source " + major, key -> Servers.start(major));
    }

    /// Another one than [#source] of the same version.
    public PostgresServer target(int major) {
        return servers.computeIfAbsent("target " + major, key -> Servers.start(major));
    }

    @Override
    public void close() {
        List<RuntimeException> failures = new ArrayList<>();
        for (PostgresServer server : servers.values()) {
            try {
                server.close();
            } catch (RuntimeException failure) {
                failures.add(failure);
            }
        }
        servers.clear();
        if (!failures.isEmpty()) {
            throw failures.getFirst();
        }
    }
}
