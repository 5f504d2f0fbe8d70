package org.pgmigrator.cli.option;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.SourceLockConfig;
import picocli.CommandLine.Option;

/// How writes are kept away from the source during the cutover.
final class SourceLockOptions {

    @Option(
            names = "--source-lock",
            paramLabel = "<tables|read-only|none>",
            description =
                    "What keeps writes away from the source during the cutover. tables locks every carried table, "
                            + "and ends with a trigger on each that refuses writes. read-only makes the database read-only for "
                            + "new sessions and ends the others; it and none do not protect from late writes. Default: tables.")
    private SourceLockConfig.Mode mode = SourceLockConfig.DEFAULT.mode();

    @Option(
            names = "--terminate-blockers-after",
            paramLabel = "<seconds>",
            converter = TimeSpan.class,
            description =
                    "End client sessions whose transaction has kept the lock away for so long; seconds, or with a "
                            + "unit (500ms, 30s, 5m). Default: never.")
    private @Nullable Duration terminateBlockersAfter;

    SourceLockConfig toConfig() {
        return new SourceLockConfig(mode, Optional.ofNullable(terminateBlockersAfter));
    }
}
