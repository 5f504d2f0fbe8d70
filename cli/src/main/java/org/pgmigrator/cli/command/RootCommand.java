package org.pgmigrator.cli.command;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `pg-migrator` itself: help and version; the work is in its commands.
@Command(
        name = "pg-migrator",
        customSynopsis = "pg-migrator COMMAND [OPTION]...",
        versionProvider = Version.class,
        description = "Moves a live PostgreSQL database to another server, with proof that nothing was lost.",
        footer = {
            "",
            "Exit codes: 0 done, 1 bug in pg-migrator, 2 usage, 3 check refused (nothing changed),",
            "4 source, 5 replication, 6 target, 7 verification found a difference,",
            "8 cutover not completed (source serving), 130 stopped by Ctrl+C, 143 stopped by TERM.",
            "pg-migrator COMMAND --help lists the options of a command."
        })
public final class RootCommand implements Runnable {

    @Spec
    private @Nullable CommandSpec command;

    @Override
    public void run() {
        throw new ParameterException(Objects.requireNonNull(command).commandLine(), "a command is missing");
    }
}
