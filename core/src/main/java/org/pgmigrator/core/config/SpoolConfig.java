package org.pgmigrator.core.config;

import java.nio.file.Path;

/// Where received changes are kept on this machine until the target has them.
///
/// @param directory  of the spool, which it has to itself
/// @param limitBytes on its disk; beyond it the source keeps its WAL, as it does without a spool
public record SpoolConfig(Path directory, long limitBytes) {

    /// A hundred gigabytes: hours of a busy source, compressed.
    public static final long DEFAULT_LIMIT_BYTES = 100L << 30;

    /// Less than that is only a queue.
    public static final long MIN_LIMIT_BYTES = 16L << 20;

    public SpoolConfig {
        if (limitBytes < MIN_LIMIT_BYTES) {
            throw new IllegalArgumentException(
                    "--spool-limit must be at least " + (MIN_LIMIT_BYTES >> 20) + "MB, not " + limitBytes + " bytes");
        }
        directory = directory.toAbsolutePath().normalize();
    }
}
