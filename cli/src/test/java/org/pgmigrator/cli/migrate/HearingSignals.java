package org.pgmigrator.cli.migrate;

import java.io.IOException;
import java.util.List;

/// Lets a child process hear Ctrl+C also where this one does not: a script that was started in the background ignores
/// INT, its children inherit that, and Java keeps to it.
public final class HearingSignals {

    private static final List<String> PREFIX = List.of("env", "--default-signal=INT,TERM,HUP");

    private HearingSignals() {}

    /// What to put before a command. Empty where `env` cannot do it (before coreutils 8.31, and elsewhere than on GNU).
    public static List<String> prefix() {
        return Works.ANSWER ? PREFIX : List.of();
    }

    private static final class Works {
        static final boolean ANSWER = ask();

        private static boolean ask() {
            try {
                return new ProcessBuilder("env", PREFIX.getLast(), "true")
                                .redirectErrorStream(true)
                                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                                .start()
                                .waitFor()
                        == 0;
            } catch (IOException e) {
                return false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }
}
