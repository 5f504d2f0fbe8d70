package org.pgmigrator.cli;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.pgmigrator.cli.session.Console;
import org.pgmigrator.cli.session.Terminal;

/// The program run in this process, with streams that are kept and an environment that is given.
final class Cli {

    private final Map<String, String> environment = new HashMap<>();
    private Terminal terminal = Terminal.none();

    Cli with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    Cli atATerminalTyping(String typed) {
        terminal = new Terminal(true, new BufferedReader(new StringReader(typed)));
        return this;
    }

    Result run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = Main.run(
                arguments, new Console(environment, stream(out), stream(err), terminal, InstantSource.system()));
        return new Result(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static PrintStream stream(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    record Result(int exitCode, String out, String err) {}
}
