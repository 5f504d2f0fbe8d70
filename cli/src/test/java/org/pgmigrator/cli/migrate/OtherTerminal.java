package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pgmigrator.cli.Main;
import org.pgmigrator.cli.session.Console;
import org.pgmigrator.cli.session.Terminal;

/// The other terminal: commands about a migration, run in this process to their end.
final class OtherTerminal {

    private final Map<String, String> environment = new HashMap<>();

    private OtherTerminal(String source, String target) {
        environment.put("PG_MIGRATOR_SOURCE", source);
        environment.put("PG_MIGRATOR_TARGET", target);
        environment.put(
                "PG_MIGRATOR_LOG_FILE",
                Path.of("target", "migrate-it", "other-terminal.log")
                        .toAbsolutePath()
                        .toString());
    }

    static OtherTerminal at(DatabasePair databases) {
        return of(databases.source().uri(databases.name()), databases.target().uri(databases.name()));
    }

    static OtherTerminal of(String source, String target) {
        return new OtherTerminal(source, target);
    }

    /// What it printed.
    record Said(int exitCode, String out, String err) {
        Said assertDone() {
            assertThat(exitCode).as(out + err).isZero();
            return this;
        }

        /// The lines of `--json`.
        List<JsonLine> lines() {
            return out.lines().map(JsonLine::new).toList();
        }

        JsonLine only(String event) {
            List<JsonLine> found =
                    lines().stream().filter(line -> line.is(event)).toList();
            assertThat(found).as(out + err).hasSize(1);
            return found.getFirst();
        }

        JsonLine assertFailed(int expectedExitCode, String kind) {
            assertThat(exitCode).as(out + err).isEqualTo(expectedExitCode);
            JsonLine failure = only("failure");
            assertThat(failure.text("kind")).as(out + err).isEqualTo(kind);
            return failure;
        }
    }

    /// One command with `--json`.
    Said json(String command, String... options) {
        List<String> arguments = new ArrayList<>(List.of(command, "--json"));
        arguments.addAll(List.of(options));
        return run(arguments.toArray(String[]::new));
    }

    Said run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = Main.run(
                arguments, new Console(environment, stream(out), stream(err), Terminal.none(), InstantSource.system()));
        return new Said(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static PrintStream stream(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }
}
