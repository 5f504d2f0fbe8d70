package org.pgmigrator.cli.render;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/// A stream whose text can be read.
final class Captured {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    PrintStream stream() {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
