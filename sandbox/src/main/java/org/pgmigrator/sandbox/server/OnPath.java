package org.pgmigrator.sandbox.server;

import java.io.File;
import java.util.Arrays;

/// Whether a program is installed.
final class OnPath {

    private OnPath() {}

    static boolean has(String program) {
        String path = System.getenv("PATH");
        return path != null
                && Arrays.stream(path.split(File.pathSeparator, -1))
                        .anyMatch(folder -> new File(folder, program).canExecute());
    }
}
