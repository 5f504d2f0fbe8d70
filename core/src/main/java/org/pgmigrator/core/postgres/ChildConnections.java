package org.pgmigrator.core.postgres;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Writes a [Route] down for a child process that uses libpq.
final class ChildConnections {

    private final String conninfo;
    private final @Nullable String password;
    private final @Nullable String usersOptions;

    ChildConnections(Route route, Parameters parameters, Path passwordFile) {
        this.usersOptions = route.usersOptions();
        Set<String> passwords = new HashSet<>();
        boolean complete = true;
        for (Endpoint endpoint : route.endpoints()) {
            if (endpoint.password() == null) {
                complete = false;
            } else {
                passwords.add(endpoint.password().reveal());
            }
        }
        boolean one = complete && passwords.size() == 1;
        this.password = one ? passwords.iterator().next() : null;
        this.conninfo = write(route, parameters, one ? null : passwordFile);
    }

    /// @param serverMajor     0 if it is not known
    /// @param applicationName empty if it is the program's own
    ChildConnection forServer(int serverMajor, Optional<String> applicationName) {
        Map<String, String> environment = new LinkedHashMap<>();
        applicationName.ifPresent(name -> environment.put("PGAPPNAME", name));
        environment.put("PGOPTIONS", PinnedSettings.childOptions(usersOptions, serverMajor));
        if (password != null) {
            environment.put("PGPASSWORD", password);
        }
        return new ChildConnection(conninfo, environment);
    }

    private static String write(Route route, Parameters parameters, @Nullable Path passwordFile) {
        Conninfo conninfo = new Conninfo();
        List<Endpoint> endpoints = route.endpoints();
        conninfo.add("host", joined(endpoints.stream().map(Endpoint::host).toList()));
        if (endpoints.stream().anyMatch(endpoint -> endpoint.address() != null)) {
            conninfo.add(
                    "hostaddr",
                    joined(endpoints.stream()
                            .map(endpoint -> endpoint.address() == null ? "" : endpoint.address())
                            .toList()));
        }
        conninfo.add(
                "port",
                endpoints.stream()
                        .map(endpoint -> String.valueOf(endpoint.port()))
                        .collect(Collectors.joining(",")));
        conninfo.add("dbname", route.database());
        conninfo.add("user", route.user());
        route.tls().addTo(conninfo);
        if (passwordFile != null) {
            conninfo.add("passfile", passwordFile.toString());
        }
        if (!parameters.isGiven(LibpqParameter.CONNECT_TIMEOUT)) {
            conninfo.add("connect_timeout", String.valueOf(Route.DEFAULT_CONNECT_TIMEOUT_SECONDS));
        }
        parameters.forEach((parameter, value) -> {
            switch (parameter.use()) {
                case TRANSLATED_FOR_BOTH, NO_EFFECT_BUT_FOR_CHILDREN -> conninfo.add(parameter.keyword(), value);
                case TRANSLATED, NO_EFFECT, REFUSED -> {}
            }
        });
        return conninfo.toString();
    }

    private static String joined(List<String> entries) {
        return String.join(",", entries);
    }
}
