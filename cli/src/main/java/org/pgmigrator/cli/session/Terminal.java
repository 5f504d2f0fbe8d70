package org.pgmigrator.cli.session;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.Charset;
import java.util.Objects;
import java.util.Optional;

/// Who sits at the other end.
///
/// @param interactive a person: both stdin and stdout are a terminal
/// @param input       what that person types, by lines
public record Terminal(boolean interactive, BufferedReader input) {

    /// Nobody: a pipe, a job, a test.
    public static Terminal none() {
        return new Terminal(false, new BufferedReader(Reader.nullReader()));
    }

    /// The terminal of this process, if it has one.
    public static Terminal ofProcess() {
        boolean interactive = Optional.ofNullable(System.console())
                .map(java.io.Console::isTerminal)
                .orElse(false);
        Charset charset = Charset.forName(Objects.requireNonNullElse(System.getProperty("stdin.encoding"), "UTF-8"));
        return new Terminal(interactive, new BufferedReader(new InputStreamReader(System.in, charset)));
    }
}
