package org.pgmigrator.core.postgres;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.Secret;

/// Fills in what the connection string leaves open, in libpq's order: service file, environment, built-in defaults.
final class ConnectionDefaults {

    private final Parameters parameters;
    private final Map<String, String> environment;
    private final Path home;

    ConnectionDefaults(Parameters parameters, Map<String, String> environment) {
        this.parameters = parameters;
        this.environment = environment;
        String variable = environment.getOrDefault("HOME", "");
        this.home = Path.of(variable.isEmpty() ? System.getProperty("user.home") : variable);
    }

    Path home() {
        return home;
    }

    /// Completes the parameters: afterwards user and dbname are given, and nothing that is refused is.
    void complete() {
        ServiceFile.apply(parameters, environment, home);
        for (LibpqParameter parameter : LibpqParameter.values()) {
            String variable = parameter.variable();
            String value = variable == null ? null : environment.get(variable);
            if (variable != null && value != null) {
                parameters.putIfAbsent(parameter, value, variable);
            }
        }
        if (environment.getOrDefault("PGREQUIRESSL", "").startsWith("1")) {
            parameters.putIfAbsent(LibpqParameter.SSLMODE, "require", "PGREQUIRESSL");
        }
        if (parameters.get(LibpqParameter.USER) == null) {
            parameters.put(LibpqParameter.USER, System.getProperty("user.name"), "the operating system");
        }
        if (parameters.get(LibpqParameter.DBNAME) == null) {
            parameters.put(LibpqParameter.DBNAME, parameters.getOrDefault(LibpqParameter.USER, ""), "user");
        }
    }

    /// Refuses what may not be ignored; adds a warning for each parameter that has no effect.
    void judge(List<String> warnings) {
        parameters.forEach((parameter, value) -> {
            switch (parameter.use()) {
                case TRANSLATED, TRANSLATED_FOR_BOTH -> {}
                case NO_EFFECT, NO_EFFECT_BUT_FOR_CHILDREN ->
                    warnings.add("Connection parameter " + parameters.describe(parameter) + " of the "
                            + parameters.side().word() + " has no effect: " + parameter.reason() + ".");
                case REFUSED ->
                    throw Refusal.of(
                            parameters.side(),
                            "Connection parameter " + parameters.describe(parameter) + " cannot be used: "
                                    + parameter.reason() + ".",
                            "Remove " + parameter.keyword() + " from the connection.");
            }
        });
    }

    /// The hosts, each with its password: the one given for all, else the password file's line for that host.
    List<Endpoint> endpoints(List<String> warnings) {
        List<Endpoint> endpoints = Endpoint.listOf(parameters);
        String given = parameters.get(LibpqParameter.PASSWORD);
        if (given != null) {
            Secret password = new Secret(given);
            return endpoints.stream()
                    .map(endpoint -> endpoint.withPassword(password))
                    .toList();
        }
        PasswordFile file = PasswordFile.read(passwordFile(), warnings);
        String database = parameters.getOrDefault(LibpqParameter.DBNAME, "");
        String user = parameters.getOrDefault(LibpqParameter.USER, "");
        return endpoints.stream()
                .map(endpoint ->
                        endpoint.withPassword(file.passwordFor(endpoint.host(), endpoint.port(), database, user)
                                .orElse(null)))
                .toList();
    }

    /// The password file in use, whether it exists or not.
    Path passwordFile() {
        return path(LibpqParameter.PASSFILE, home.resolve(".pgpass"));
    }

    /// The file that `parameter` names.
    Path path(LibpqParameter parameter, Path defaultFile) {
        @Nullable String name = parameters.get(parameter);
        try {
            return name == null ? defaultFile : Path.of(name);
        } catch (InvalidPathException invalid) {
            throw Refusal.of(parameters.side(), parameters.describe(parameter) + " is not the name of a file.");
        }
    }
}
