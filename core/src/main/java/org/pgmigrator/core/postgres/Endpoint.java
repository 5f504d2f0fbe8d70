package org.pgmigrator.core.postgres;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.Secret;

/// One host of the connection string's list.
///
/// @param host     the name that certificate and password file know: the host, or its address if there is no name
/// @param address  the numeric address to connect to in the place of a look-up of `host`, or null
/// @param port     TCP port
/// @param password the password for this host, or null
record Endpoint(
        String host,
        @Nullable String address,
        int port,
        @Nullable Secret password) {

    /// `db.example.org:5432`, `[::1]:5432`.
    String describe() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    /// The hosts in their order, without passwords: `host` and `hostaddr` name as many each, `port` as many or one.
    static List<Endpoint> listOf(Parameters parameters) {
        Side side = parameters.side();
        List<String> hosts = split(parameters.get(LibpqParameter.HOST));
        List<String> addresses = split(parameters.get(LibpqParameter.HOSTADDR));
        List<String> ports = split(parameters.get(LibpqParameter.PORT));
        if (hosts.isEmpty() && addresses.isEmpty()) {
            throw Refusal.of(
                    side,
                    "No host is given, which means a Unix-domain socket to libpq; pg-migrator connects over TCP.",
                    "Add host=localhost (in a URI: postgresql://localhost/dbname) or set PGHOST.");
        }
        int count = Math.max(hosts.size(), addresses.size());
        if (!hosts.isEmpty() && !addresses.isEmpty() && hosts.size() != addresses.size()) {
            throw Refusal.of(
                    side, "There are " + hosts.size() + " entries in host but " + addresses.size() + " in hostaddr.");
        }
        if (ports.size() > 1 && ports.size() != count) {
            throw Refusal.of(side, "There are " + ports.size() + " entries in port but " + count + " hosts.");
        }
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String port = ports.isEmpty() ? "" : ports.get(ports.size() == 1 ? 0 : i);
            endpoints.add(
                    one(side, hosts.isEmpty() ? "" : hosts.get(i), addresses.isEmpty() ? "" : addresses.get(i), port));
        }
        return List.copyOf(endpoints);
    }

    private static Endpoint one(Side side, String host, String address, String port) {
        if (host.startsWith("/") || host.startsWith("@")) {
            throw Refusal.of(
                    side,
                    "A host is the directory of a Unix-domain socket; pg-migrator connects over TCP.",
                    "Write host=localhost and let listen_addresses of the server hold localhost.");
        }
        if (host.isEmpty() && address.isEmpty()) {
            throw Refusal.of(
                    side,
                    "An entry of the list of hosts is empty, which means a Unix-domain socket to libpq.",
                    "Write localhost in its place.");
        }
        if (!address.isEmpty() && !isNumeric(address)) {
            throw Refusal.of(side, "hostaddr must be a numeric address, IPv4 or IPv6.");
        }
        String name = host.isEmpty() ? address : host;
        return new Endpoint(name, address.isEmpty() ? null : address, port(side, port), null);
    }

    private static boolean isNumeric(String address) {
        try {
            InetAddress.ofLiteral(address);
            return true;
        } catch (IllegalArgumentException notNumeric) {
            return false;
        }
    }

    private static int port(Side side, String text) {
        String digits = text.strip();
        if (digits.isEmpty()) {
            return 5432;
        }
        int port = digits.matches("[0-9]{1,5}") ? Integer.parseInt(digits) : 0;
        if (port < 1 || port > 65_535) {
            throw Refusal.of(side, "port must be a number from 1 to 65535.");
        }
        return port;
    }

    private static List<String> split(@Nullable String list) {
        return list == null ? List.of() : List.of(list.split(",", -1));
    }

    Endpoint withPassword(@Nullable Secret newPassword) {
        return new Endpoint(host, address, port, newPassword);
    }
}
