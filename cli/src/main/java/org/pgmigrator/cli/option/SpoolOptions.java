package org.pgmigrator.cli.option;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.SpoolConfig;
import picocli.CommandLine.Option;

/// Where received changes are kept until the target has them.
final class SpoolOptions {

    /// Whether there is a spool.
    enum Wanted {
        ON,
        OFF
    }

    @Option(
            names = "--spool",
            paramLabel = "<on|off>",
            description =
                    "Keep received changes in --spool-dir, so that the source can drop its WAL while the copy runs; "
                            + "off: the source keeps it. Default: on if --spool-dir is given.")
    private @Nullable Wanted wanted;

    @Option(
            names = "--spool-dir",
            paramLabel = "<folder>",
            description =
                    "Folder for received changes, empty at first. Positions are confirmed to the source when they are "
                            + "durable there, so it must survive until the target has them, otherwise the copy must start again. "
                            + "Default: none.")
    private @Nullable Path directory;

    @Option(
            names = "--spool-limit",
            paramLabel = "<bytes>",
            converter = ByteSize.class,
            description =
                    "Size of the spool, such as 200GB, beyond which the source keeps its WAL; one transaction may "
                            + "exceed it. Default: 100GB.")
    private long limit = SpoolConfig.DEFAULT_LIMIT_BYTES;

    /// @throws IllegalArgumentException if a spool is wanted and has no folder, or the limit is too small
    Optional<SpoolConfig> toConfig() {
        if (directory == null && wanted == Wanted.ON) {
            throw new IllegalArgumentException("--spool on needs --spool-dir");
        }
        return directory == null || wanted == Wanted.OFF
                ? Optional.empty()
                : Optional.of(new SpoolConfig(directory, limit));
    }
}
