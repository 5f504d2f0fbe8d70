package org.pgmigrator.core.copy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/// pg_dump and pg_restore of one installed PostgreSQL client: always of the same folder and version.
///
/// @param folder  the folder that holds both
/// @param major   the major version, for example 17
/// @param version the version in the tool's own words, for example `17.11` or `18beta1`
public record ClientTools(Path folder, int major, String version) {

    /// pg_dump 17 was the first to put `SET transaction_timeout` into a dump, which older servers do not know.
    static final int FIRST_WITH_TRANSACTION_TIMEOUT = 17;

    public Path pgDump() {
        return folder.resolve("pg_dump");
    }

    public Path pgRestore() {
        return folder.resolve("pg_restore");
    }

    /// Every client that is installed, by rising version; of the same version the one found first.
    ///
    /// Looks into the folders of `PG_MIGRATOR_CLIENTS` (separated by colons), those of `PATH`, and where the packages
    /// of the usual systems put them. With `pgBindir` it looks nowhere else.
    public static List<ClientTools> installed(Optional<Path> pgBindir, Map<String, String> environment)
            throws InterruptedException {
        return InstalledClients.find(pgBindir, environment);
    }

    /// The client for a copy from a server of `sourceMajor` to one of `targetMajor`, or why there is none.
    ///
    /// pg_dump refuses a server newer than itself, and a newer one may write what an older target does not know; so it
    /// is the oldest that the source accepts.
    public static Choice choose(
            int sourceMajor, int targetMajor, Optional<Path> pgBindir, Map<String, String> environment)
            throws InterruptedException {
        return choose(sourceMajor, targetMajor, pgBindir, installed(pgBindir, environment));
    }

    static Choice choose(int sourceMajor, int targetMajor, Optional<Path> pgBindir, List<ClientTools> installed) {
        OptionalInt oldest = installed.stream()
                .mapToInt(ClientTools::major)
                .filter(major -> major >= sourceMajor)
                .min();
        return installed.stream()
                .filter(client -> oldest.isPresent() && client.major == oldest.getAsInt())
                .reduce((found, next) -> next.minor() > found.minor() ? next : found)
                .<Choice>map(client -> new Choice.Chosen(client, client.caution(targetMajor)))
                .orElseGet(() -> noneFits(sourceMajor, targetMajor, pgBindir, installed));
    }

    /// The number after the point, -1 for a development version.
    int minor() {
        String digits = version.substring(version.indexOf('.') + 1);
        return version.indexOf('.') > 0 && digits.matches("\\d{1,6}") ? Integer.parseInt(digits) : -1;
    }

    private Optional<String> caution(int targetMajor) {
        return major >= FIRST_WITH_TRANSACTION_TIMEOUT && targetMajor < FIRST_WITH_TRANSACTION_TIMEOUT
                ? Optional.of("pg_dump " + version + " sets transaction_timeout, which the target's version "
                        + targetMajor + " does not know; pg_restore's complaint about it is ignored.")
                : Optional.empty();
    }

    private static Choice noneFits(
            int sourceMajor, int targetMajor, Optional<Path> pgBindir, List<ClientTools> installed) {
        String wanted = "pg_dump and pg_restore of version " + sourceMajor
                + (targetMajor > sourceMajor ? " to " + targetMajor : "") + " are needed";
        String where = pgBindir.map(folder -> "in " + folder).orElse("on this machine");
        String found = installed.isEmpty()
                ? "Neither was found " + where + "."
                : "Found " + where + ": "
                        + installed.stream()
                                .map(client -> client.version + " in " + client.folder)
                                .collect(Collectors.joining(", "))
                        + ". pg_dump refuses a server that is newer than itself.";
        return new Choice.NoneFits(
                wanted + " for a source of version " + sourceMajor + ".",
                found,
                List.of(
                        "Install them: apt-get install postgresql-client-" + sourceMajor + ", dnf install postgresql"
                                + sourceMajor + ", or brew install libpq.",
                        "If they are installed elsewhere, name their folder with --pg-bindir."));
    }

    /// The outcome of looking for a client.
    public sealed interface Choice {

        /// A client that fits both servers.
        ///
        /// @param caution what is to be known about this pair of versions
        record Chosen(ClientTools tools, Optional<String> caution) implements Choice {}

        /// No client fits.
        ///
        /// @param what   what is missing, one sentence
        /// @param why    what was found instead, one sentence
        /// @param remedy how to get it
        record NoneFits(String what, String why, List<String> remedy) implements Choice {
            public NoneFits {
                remedy = List.copyOf(remedy);
            }
        }
    }
}
