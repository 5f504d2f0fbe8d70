package org.pgmigrator.cli.option;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.CopyConfig.Rows;
import picocli.CommandLine.Option;

/// How the initial copy is made.
final class CopyOptions {

    @Option(
            names = "--jobs",
            paramLabel = "<number>",
            description = "Parallel workers of the copy, 1 to 256. Default: " + CopyConfig.DEFAULT_JOBS + ".")
    private int jobs = CopyConfig.DEFAULT_JOBS;

    @Option(
            names = "--drop-target-first",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "Drop what is in the target database before restoring; asks first. Default: false.")
    private boolean dropTargetFirst;

    @Option(
            names = "--allow-restore-errors",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "Errors of pg_restore are warnings. Default: false, any error ends the migration.")
    private boolean allowRestoreErrors;

    @Option(
            names = "--no-owner",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "Objects belong to the connecting role on the target. Default: false.")
    private boolean noOwner;

    @Option(
            names = "--no-acl",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "GRANTs are not restored. Default: false.")
    private boolean noAcl;

    @Option(
            names = "--pg-bindir",
            paramLabel = "<folder>",
            description = "Folder of pg_dump and pg_restore. Default: a fitting one among those installed.")
    private @Nullable Path pgBindir;

    @Option(
            names = "--work-dir",
            paramLabel = "<folder>",
            description = "Folder for the dump. Default: a temporary one, removed at the end.")
    private @Nullable Path workDir;

    @Option(
            names = "--copy",
            paramLabel = "<stream|dump>",
            description =
                    "How rows are copied online: by COPY from server to server, table by table, so that --resume "
                            + "can go on with what is complete; or by pg_dump and pg_restore through --work-dir. Default: stream.")
    private Rows rows = CopyConfig.DEFAULT_ROWS;

    CopyConfig toConfig() {
        return new CopyConfig(
                jobs,
                dropTargetFirst,
                allowRestoreErrors,
                noOwner,
                noAcl,
                Optional.ofNullable(pgBindir),
                Optional.ofNullable(workDir),
                rows);
    }
}
