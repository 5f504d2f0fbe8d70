package org.pgmigrator.core.config;

import java.nio.file.Path;
import java.util.Optional;

/// How the initial copy is made.
///
/// @param jobs               parallel workers of pg_dump and pg_restore, at least 1
/// @param dropTargetFirst    empty the target before restoring
/// @param allowRestoreErrors errors of pg_restore are warnings
/// @param noOwner            objects belong to the connecting role on the target
/// @param noAcl              GRANTs are not restored
/// @param pgBindir           the folder of pg_dump and pg_restore; empty: chosen among the installed ones
/// @param workDir            the folder for the dump; empty: a temporary one, removed at the end
public record CopyConfig(
        int jobs,
        boolean dropTargetFirst,
        boolean allowRestoreErrors,
        boolean noOwner,
        boolean noAcl,
        Optional<Path> pgBindir,
        Optional<Path> workDir) {

    /// Two: what a small server takes without its application noticing.
    public static final int DEFAULT_JOBS = 2;

    public CopyConfig {
        if (jobs < 1 || jobs > 256) {
            throw new IllegalArgumentException("--jobs must be 1 to 256, not " + jobs);
        }
    }
}
