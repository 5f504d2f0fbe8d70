package org.pgmigrator.cli.session;

import java.io.PrintStream;
import java.time.InstantSource;
import java.util.Map;
import org.pgmigrator.cli.render.Style;

/// What the process was given: environment, streams, terminal, clock. Tests give others.
///
/// @param environment the process's environment
/// @param out         progress, and nothing else
/// @param err         failures and questions
/// @param terminal    who is there to see and to answer
/// @param clock       the time of what is shown
public record Console(
        Map<String, String> environment, PrintStream out, PrintStream err, Terminal terminal, InstantSource clock) {

    public Console {
        environment = Map.copyOf(environment);
    }

    /// Colours on a terminal, unless it is dumb or NO_COLOR is set (https://no-color.org).
    Style style() {
        boolean wanted = terminal.interactive()
                && environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "").equals("dumb");
        return wanted ? Style.COLOURED : Style.PLAIN;
    }
}
