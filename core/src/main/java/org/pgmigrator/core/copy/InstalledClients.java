package org.pgmigrator.core.copy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds the PostgreSQL clients of this machine and asks each for its version.
final class InstalledClients {

    /// Further folders to look into, separated by colons, before those of `PATH`.
    static final String SEARCH_VARIABLE = "PG_MIGRATOR_CLIENTS";

    private static final Logger LOG = LoggerFactory.getLogger(InstalledClients.class);

    /// Debian, PGDG's RPMs, Homebrew on both processors, Postgres.app, a build from source.
    private static final List<UsualPlace> USUAL_PLACES = List.of(
            new UsualPlace("/usr/lib/postgresql", "*", "bin"),
            new UsualPlace("/usr", "pgsql-*", "bin"),
            new UsualPlace("/opt/homebrew/opt", "{libpq,postgresql}*", "bin"),
            new UsualPlace("/usr/local/opt", "{libpq,postgresql}*", "bin"),
            new UsualPlace("/usr/local", "{pgsql,postgresql}*", "bin"),
            new UsualPlace("/Applications/Postgres.app/Contents/Versions", "*", "bin"),
            new UsualPlace("/usr/local", "bin", ""));

    /// A tool that cannot say its version in this time is not one to trust a dump to.
    private static final Duration VERSION_LIMIT = Duration.ofSeconds(10);

    private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) ((\\d+)[^\\s]*)");

    private InstalledClients() {}

    private record UsualPlace(String root, String glob, String below) {}

    static List<ClientTools> find(Optional<Path> pgBindir, Map<String, String> environment)
            throws InterruptedException {
        List<Path> folders = pgBindir.map(List::of).orElseGet(() -> searchPlaces(environment));
        List<ClientTools> clients = new ArrayList<>();
        Set<Path> seen = new HashSet<>();
        for (Path folder : folders) {
            Optional<Path> dump = executable(folder.resolve("pg_dump"));
            boolean complete =
                    dump.isPresent() && executable(folder.resolve("pg_restore")).isPresent();
            if (complete && (pgBindir.isPresent() || !isDebianWrapper(dump.get())) && seen.add(dump.get())) {
                askVersion(folder.toAbsolutePath()).ifPresent(clients::add);
            }
        }
        clients.sort(Comparator.comparingInt(ClientTools::major).thenComparingInt(ClientTools::minor));
        return List.copyOf(clients);
    }

    private static List<Path> searchPlaces(Map<String, String> environment) {
        Set<Path> places = new LinkedHashSet<>();
        for (String variable : List.of(SEARCH_VARIABLE, "PATH")) {
            for (String folder : environment.getOrDefault(variable, "").split(":")) {
                if (!folder.isBlank()) {
                    places.add(Path.of(folder));
                }
            }
        }
        USUAL_PLACES.forEach(place -> places.addAll(folders(place)));
        return List.copyOf(places);
    }

    private static List<Path> folders(UsualPlace place) {
        List<Path> folders = new ArrayList<>();
        try (DirectoryStream<Path> matching = Files.newDirectoryStream(Path.of(place.root), place.glob)) {
            matching.forEach(folder -> folders.add(folder.resolve(place.below)));
        } catch (IOException absent) {
            LOG.trace("no client packages root={} reason={}", place.root, absent.toString());
        }
        return folders.stream().sorted().toList();
    }

    private static Optional<Path> executable(Path file) {
        try {
            return Files.isExecutable(file) ? Optional.of(file.toRealPath()) : Optional.empty();
        } catch (IOException unreadable) {
            LOG.debug("client tool passed over file={} reason={}", file, unreadable.toString());
            return Optional.empty();
        }
    }

    /// Debian's `/usr/bin/pg_dump` is a script that picks another version for each server that it is pointed at.
    private static boolean isDebianWrapper(Path tool) {
        return tool.endsWith("pg_wrapper");
    }

    private static Optional<ClientTools> askVersion(Path folder) throws InterruptedException {
        String tool = folder.resolve("pg_dump").toString();
        try {
            Process process = new ProcessBuilder(tool, "--version")
                    .redirectErrorStream(true)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .start();
            try {
                // One short line fits the pipe, so that it can be read after the end.
                if (!process.waitFor(VERSION_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                    LOG.warn("client tool passed over, it does not answer --version file={}", tool);
                    return Optional.empty();
                }
                String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                Matcher version = VERSION.matcher(answer);
                if (process.exitValue() == 0 && version.find()) {
                    return Optional.of(new ClientTools(folder, Integer.parseInt(version.group(2)), version.group(1)));
                }
                LOG.warn(
                        "client tool passed over file={} exit={} answer={}", tool, process.exitValue(), answer.strip());
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException unusable) {
            LOG.warn("client tool passed over file={} reason={}", tool, unusable.toString());
        }
        return Optional.empty();
    }
}
