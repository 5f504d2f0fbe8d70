package org.pgmigrator.cli.command;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.option.FilterOptions;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.option.StateOptions;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sequences sync`: the target's sequences to where the source's are.
@Command(
        name = "sync",
        sortOptions = false,
        customSynopsis = "pg-migrator sequences sync --source <conninfo> --target <conninfo> [OPTION]...",
        description = "Sets the target's sequences to where the source's are, and reads them back.",
        footer = {
            "",
            "One that is further on the target stays there, and is named.",
            "Without a filter: those of the migration that the target remembers, otherwise all.",
            "In brackets: the environment variable that stands for the option; the command line wins."
        })
public final class SequencesSyncCommand implements Callable<Integer> {

    private final Session session;

    @Mixin
    private StateOptions options = new StateOptions();

    @Mixin
    private FilterOptions filter = new FilterOptions();

    @Option(
            names = "--buffer",
            paramLabel = "<number>",
            description = "Increments added to each sequence that was ever called, in its own direction and within its "
                    + "limits. Default: 0.")
    private long buffer;

    @Option(
            names = "--backwards",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "Set back also what is further on the target: values that it has given are given again. "
                    + "Default: false.")
    private boolean backwards;

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Spec
    private @Nullable CommandSpec command;

    public SequencesSyncCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (buffer < 0) {
            throw new ParameterException(SequencesOutput.commandLine(command), "--buffer must not be negative");
        }
        return SequencesOutput.run(
                session,
                options,
                filter,
                output,
                command,
                "sync",
                care -> care.sync(
                        Database.parse(
                                Side.SOURCE, options.source(), session.console().environment()),
                        buffer,
                        backwards));
    }
}
