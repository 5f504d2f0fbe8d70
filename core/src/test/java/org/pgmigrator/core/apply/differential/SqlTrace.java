package org.pgmigrator.core.apply.differential;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What was run on the source, in the order in which it was run.
final class SqlTrace {

    private final List<String> lines = new ArrayList<>();
    private int refused;

    /// @param outcome empty if the source took it
    void add(int session, String sql, String outcome) {
        if (!outcome.isEmpty()) {
            refused++;
        }
        lines.add("/* " + session + " */ " + sql + ";" + (outcome.isEmpty() ? "" : " -- refused: " + outcome));
    }

    int size() {
        return lines.size();
    }

    int refused() {
        return refused;
    }

    void write(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Files.write(file, lines);
    }
}
