package org.pgmigrator.core.postgres;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A named group of parameters from `~/.pg_service.conf`, `PGSERVICEFILE` or the system's `pg_service.conf`.
///
/// Source: https://www.postgresql.org/docs/current/libpq-pgservice.html
final class ServiceFile {

    /// Where packages for Debian and for Red Hat put the system's file; libpq has its own compiled in.
    private static final List<String> SYSTEM_DIRECTORIES = List.of("/etc/postgresql-common", "/etc/sysconfig/pgsql");

    private final Parameters parameters;
    private final String service;

    private ServiceFile(Parameters parameters, String service) {
        this.parameters = parameters;
        this.service = service;
    }

    /// Gives every parameter of the service that the connection string has not given.
    static void apply(Parameters parameters, Map<String, String> environment, Path home) {
        String named = parameters.isGiven(LibpqParameter.SERVICE)
                ? parameters.get(LibpqParameter.SERVICE)
                : environment.get("PGSERVICE");
        if (named == null) {
            return;
        }
        ServiceFile file = new ServiceFile(parameters, named);
        for (Path candidate : file.candidates(environment, home)) {
            if (file.applyFrom(candidate)) {
                return;
            }
        }
        throw file.refused("The service is in none of the service files.");
    }

    private List<Path> candidates(Map<String, String> environment, Path home) {
        List<Path> candidates = new ArrayList<>();
        String named = parameters.get(LibpqParameter.SERVICEFILE);
        if (named == null) {
            named = environment.get("PGSERVICEFILE");
        }
        if (named != null) {
            Path file = path(named);
            if (!Files.exists(file)) {
                throw refused("Service file " + file + " does not exist.");
            }
            candidates.add(file);
        } else {
            candidates.add(home.resolve(".pg_service.conf"));
        }
        String systemDirectory = environment.get("PGSYSCONFDIR");
        List<String> directories = systemDirectory == null ? SYSTEM_DIRECTORIES : List.of(systemDirectory);
        directories.forEach(directory -> candidates.add(path(directory).resolve("pg_service.conf")));
        return candidates;
    }

    private Path path(String text) {
        try {
            return Path.of(text);
        } catch (java.nio.file.InvalidPathException invalid) {
            throw refused("The name of the service file is not a path.");
        }
    }

    /// Returns whether the file has the service.
    private boolean applyFrom(Path file) {
        if (!Files.exists(file)) {
            return false;
        }
        List<String> lines;
        try {
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw refused("Service file " + file + " cannot be read.");
        }
        boolean inService = false;
        for (int number = 1; number <= lines.size(); number++) {
            String line = lines.get(number - 1).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            if (line.startsWith("[")) {
                if (inService) {
                    return true;
                }
                inService = line.startsWith("[" + service + "]");
            } else if (inService) {
                applyLine(line, file + " line " + number);
            }
        }
        return inService;
    }

    private void applyLine(String line, String place) {
        int equals = line.indexOf('=');
        if (line.startsWith("ldap")) {
            throw refused(place + " asks an LDAP server for the connection, which is not supported.");
        }
        @Nullable LibpqParameter parameter = equals < 1 ? null : LibpqParameter.of(line.substring(0, equals));
        if (parameter == null) {
            throw refused(place + " is not keyword=value with a known keyword and no blank around the equals sign.");
        }
        if (parameter == LibpqParameter.SERVICE || parameter == LibpqParameter.SERVICEFILE) {
            throw refused(place + " names another service, which libpq does not allow.");
        }
        parameters.putIfAbsent(parameter, line.substring(equals + 1), "service file " + place);
    }

    private RuntimeException refused(String why) {
        return Refusal.of(
                parameters.side(),
                parameters.describe(LibpqParameter.SERVICE) + ": " + why,
                "Name an existing service, as [name] followed by keyword=value lines, in ~/.pg_service.conf or in the"
                        + " file that PGSERVICEFILE names.");
    }
}
