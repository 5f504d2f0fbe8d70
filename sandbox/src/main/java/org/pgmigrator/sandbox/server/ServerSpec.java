package org.pgmigrator.sandbox.server;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The server that is wanted. Immutable: each method returns a changed copy.
///
/// @param major PostgreSQL's major version
/// @param settings lines of postgresql.conf, over the sandbox's own
/// @param databases created right after the start, owned by the superuser
/// @param password the superuser's
/// @param tls present if the server is to offer TLS
/// @param hostBasedAuthentication the lines of pg_hba.conf; empty for scram-sha-256 everywhere, replication included
/// @param ownDisk whether its files are on a disk of its own, which can be full
public record ServerSpec(
        int major,
        Map<String, String> settings,
        List<String> databases,
        String password,
        Optional<TlsFiles> tls,
        List<String> hostBasedAuthentication,
        boolean ownDisk) {

    /// Logical replication possible, small, on the loopback interface, and not safe from a power failure: `fsync` is
    /// off
    /// because a throw-away server gains only waiting from it.
    private static final Map<String, String> DEFAULTS = Map.ofEntries(
            Map.entry("wal_level", "logical"),
            Map.entry("max_wal_senders", "10"),
            Map.entry("max_replication_slots", "10"),
            Map.entry("max_prepared_transactions", "10"),
            Map.entry("max_connections", "100"),
            Map.entry("shared_buffers", "32MB"),
            Map.entry("fsync", "off"),
            Map.entry("timezone", "UTC"),
            Map.entry("log_timezone", "UTC"));

    public ServerSpec {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        databases = List.copyOf(databases);
        hostBasedAuthentication = List.copyOf(hostBasedAuthentication);
    }

    /// A server with the defaults and a random password: a fixed one would let every user of this machine in.
    public static ServerSpec of(int major) {
        byte[] random = new byte[12];
        new SecureRandom().nextBytes(random);
        String password = HexFormat.of().formatHex(random);
        return new ServerSpec(major, DEFAULTS, List.of(), password, Optional.empty(), List.of(), false);
    }

    public ServerSpec setting(String name, String value) {
        Map<String, String> changed = new LinkedHashMap<>(settings);
        changed.put(name, value);
        return new ServerSpec(major, changed, databases, password, tls, hostBasedAuthentication, ownDisk);
    }

    public ServerSpec database(String... names) {
        List<String> changed = new ArrayList<>(databases);
        changed.addAll(List.of(names));
        return new ServerSpec(major, settings, changed, password, tls, hostBasedAuthentication, ownDisk);
    }

    public ServerSpec password(String changed) {
        return new ServerSpec(major, settings, databases, changed, tls, hostBasedAuthentication, ownDisk);
    }

    public ServerSpec tls(TlsFiles files) {
        return new ServerSpec(
                major, settings, databases, password, Optional.of(files), hostBasedAuthentication, ownDisk);
    }

    /// Replaces pg_hba.conf. See https://www.postgresql.org/docs/current/auth-pg-hba-conf.html
    public ServerSpec hostBasedAuthentication(String... lines) {
        return new ServerSpec(major, settings, databases, password, tls, List.of(lines), ownDisk);
    }

    /// Puts the data directory on a disk of its own. Only an embedded server has one, and only where
    /// [EmbeddedServer#diskObstacle()] has nothing against it.
    public ServerSpec onItsOwnDisk() {
        return new ServerSpec(major, settings, databases, password, tls, hostBasedAuthentication, true);
    }

    @Override
    public String toString() {
        return "ServerSpec[major=" + major + ", settings=" + settings + ", databases=" + databases + ", password=***]";
    }
}
