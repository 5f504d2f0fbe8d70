package org.pgmigrator.cli.command;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.option.FilterOptions;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.option.StateOptions;
import org.pgmigrator.cli.session.Session;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `sequences advance N`: the target's sequences further, without looking at the source.
@Command(
        name = "advance",
        sortOptions = false,
        customSynopsis = "pg-migrator sequences advance <increments> --target <conninfo> [OPTION]...",
        description = "Moves the target's sequences so many increments further, and reads them back.",
        footer = {
            "",
            "Each in its own direction, up to its limit; one that cycles stays. --source is not read.",
            "Without a filter: those of the migration that the target remembers, otherwise all.",
            "In brackets: the environment variable that stands for the option; the command line wins."
        })
public final class SequencesAdvanceCommand implements Callable<Integer> {

    private final Session session;

    @Parameters(index = "0", paramLabel = "<increments>", description = "How many increments further, at least 1.")
    private long increments;

    @Mixin
    private StateOptions options = new StateOptions();

    @Mixin
    private FilterOptions filter = new FilterOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Spec
    private @Nullable CommandSpec command;

    public SequencesAdvanceCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (increments < 1) {
            throw new ParameterException(
                    SequencesOutput.commandLine(command), "the number of increments must be at least 1");
        }
        return SequencesOutput.run(
                session, options, filter, output, command, "advance", care -> care.advance(increments));
    }
}
