package org.pgmigrator.cli.command;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.session.Session;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sequences`: the target's sequences, outside of a cutover; the work is in `sync` and `advance`.
@Command(
        name = "sequences",
        customSynopsis = "pg-migrator sequences sync|advance [OPTION]...",
        description = "Moves the target's sequences: to where the source's are, or further.",
        footer = {
            "",
            "The cutover sets them by itself. This is for what comes after it, or for a migration by other means.",
            "pg-migrator sequences sync --help and pg-migrator sequences advance --help list the options."
        })
public final class SequencesCommand implements Runnable {

    @Spec
    private @Nullable CommandSpec command;

    private SequencesCommand() {}

    /// With its two subcommands.
    public static CommandLine commandLine(Session session) {
        return new CommandLine(new SequencesCommand())
                .addSubcommand(new SequencesSyncCommand(session))
                .addSubcommand(new SequencesAdvanceCommand(session));
    }

    @Override
    public void run() {
        throw new ParameterException(
                Objects.requireNonNull(command).commandLine(), "what to do is missing: sync or advance");
    }
}
