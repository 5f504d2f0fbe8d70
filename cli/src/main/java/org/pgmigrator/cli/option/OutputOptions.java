package org.pgmigrator.cli.option;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Where the run is shown and written down.
public final class OutputOptions {

    @Option(
            names = "--json",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "One JSON object per line on stdout, and nothing else there. Default: false.")
    private boolean json;

    @Option(
            names = "--log-file",
            paramLabel = "<file>",
            description = "Log file, appended to. Default: ./pg-migrator.log (demo: none).")
    private @Nullable Path logFile;

    public boolean json() {
        return json;
    }

    public Optional<Path> logFile() {
        return Optional.ofNullable(logFile);
    }
}
