package org.pgmigrator.cli.option;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.log.PasswordMask;
import org.pgmigrator.core.config.Secret;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The two databases.
public final class ConnectionOptions {

    @Option(
            names = "--source",
            paramLabel = "<conninfo>",
            description = "The database that moves: a libpq URI (postgresql://user@host:5432/dbname) or keyword=value "
                    + "pairs. Required. Passwords belong in PGPASSWORD, ~/.pgpass, a service file, or in the variable:")
    private @Nullable String source;

    @Option(
            names = "--target",
            paramLabel = "<conninfo>",
            description = "The database that it moves to, in the same forms. Required.")
    private @Nullable String target;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    Secret source() {
        return new Secret(required("--source", source));
    }

    Secret target() {
        return new Secret(required("--target", target));
    }

    /// The options whose value on the command line holds a password: `ps` shows it to every user of this machine.
    private List<String> passwordsInArguments() {
        List<String> result = new ArrayList<>();
        addIfExposed(result, "--source", source);
        addIfExposed(result, "--target", target);
        return result;
    }

    /// What to tell the operator about passwords that `ps` shows, if there are any.
    Optional<String> exposedPasswordWarning() {
        List<String> exposed = passwordsInArguments();
        if (exposed.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of("the password in " + String.join(" and ", exposed) + " is visible to every user of this "
                + "machine (ps), and a Java program cannot hide its arguments. Give the connection in "
                + exposed.stream().map(EnvironmentTwins::nameOf).collect(Collectors.joining(" and "))
                + ", or leave the password to PGPASSWORD, ~/.pgpass or a service file.");
    }

    private void addIfExposed(List<String> result, String option, @Nullable String value) {
        boolean typed =
                command != null && command.commandLine().getParseResult().hasMatchedOption(option);
        if (typed && value != null && PasswordMask.holdsPassword(value)) {
            result.add(option);
        }
    }

    private static String required(String option, @Nullable String value) {
        if (value == null || value.isBlank()) {
            throw new IllegalArgumentException(
                    option + " is missing: give it, or set " + EnvironmentTwins.nameOf(option) + " in the environment");
        }
        return value;
    }
}
