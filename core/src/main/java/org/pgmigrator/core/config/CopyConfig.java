package org.pgmigrator.core.config;

import java.nio.file.Path;
import java.util.Optional;

/// How the initial copy is made.
///
/// @param jobs               parallel workers of pg_dump and pg_restore, and of the rows, at least 1
/// @param dropTargetFirst    empty the target before restoring
/// @param allowRestoreErrors errors of pg_restore are warnings
/// @param noOwner            objects belong to the connecting role on the target
/// @param noAcl              GRANTs are not restored
/// @param pgBindir           the folder of pg_dump and pg_restore; empty: chosen among the installed ones
/// @param workDir            the folder for the dump; empty: a temporary one, removed at the end
/// @param rows               how rows get to the target while the source goes on being written to
public record CopyConfig(
        int jobs,
        boolean dropTargetFirst,
        boolean allowRestoreErrors,
        boolean noOwner,
        boolean noAcl,
        Optional<Path> pgBindir,
        Optional<Path> workDir,
        Rows rows) {

    /// Two: what a small server takes without its application noticing.
    public static final int DEFAULT_JOBS = 2;

    /// What it takes to go on with a copy that was cut off.
    public static final Rows DEFAULT_ROWS = Rows.STREAM;

    /// The way of the rows.
    public enum Rows {
        /// By COPY from one server to the other, table by table; what is complete is remembered on the target.
        STREAM,
        /// By pg_dump and pg_restore through a folder on this machine.
        DUMP
    }

    public CopyConfig {
        if (jobs < 1 || jobs > 256) {
            throw new IllegalArgumentException("--jobs must be 1 to 256, not " + jobs);
        }
    }

    /// With rows on their usual way.
    public CopyConfig(
            int jobs,
            boolean dropTargetFirst,
            boolean allowRestoreErrors,
            boolean noOwner,
            boolean noAcl,
            Optional<Path> pgBindir,
            Optional<Path> workDir) {
        this(jobs, dropTargetFirst, allowRestoreErrors, noOwner, noAcl, pgBindir, workDir, DEFAULT_ROWS);
    }
}
