package org.pgmigrator.cli.command;

import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.option.FilterOptions;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.option.StateOptions;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.render.SequencesText;
import org.pgmigrator.cli.session.Console;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.cutover.SequenceMoves;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.SequenceCare;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/// What the commands about sequences have in common: their filter, and how they show what they did.
final class SequencesOutput {

    private SequencesOutput() {}

    static CommandLine commandLine(@Nullable CommandSpec command) {
        return Objects.requireNonNull(command).commandLine();
    }

    /// What a command does with the sequences.
    @FunctionalInterface
    interface Deed {
        SequenceMoves.Result with(SequenceCare care);
    }

    /// Does it, and shows what it did.
    ///
    /// @param action as the command is called
    static int run(
            Session session,
            StateOptions options,
            FilterOptions filter,
            OutputOptions output,
            @Nullable CommandSpec command,
            String action,
            Deed deed) {
        Database target =
                Database.parse(Side.TARGET, options.target(), session.console().environment());
        SequenceCare care = new SequenceCare(target, options.subscriptionName(), filter(filter, commandLine(command)));
        Renderer renderer = session.begin(output);
        options.exposedPasswordWarning().ifPresent(warning -> renderer.on(new ProgressEvent.Warning(warning)));
        show(action, deed.with(care), output.json(), session.console(), renderer);
        return ExitCode.DONE.number();
    }

    private static FilterConfig filter(FilterOptions options, CommandLine commandLine) {
        try {
            return options.toConfig();
        } catch (IllegalArgumentException refused) {
            throw new ParameterException(commandLine, String.valueOf(refused.getMessage()), refused);
        }
    }

    /// Shows each change, or with `--json` how many there were; then what is wrong.
    private static void show(
            String action, SequenceMoves.Result result, boolean json, Console console, Renderer renderer) {
        if (json) {
            console.out()
                    .println(SequencesText.json(action, result, console.clock().instant()));
            console.out().flush();
        } else {
            SequencesText.lines(result).forEach(line -> renderer.on(new ProgressEvent.Notice(line)));
        }
        if (!result.missing().isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.TARGET_SCHEMA_DIFFERS,
                            "The target does not have every sequence of the source.",
                            result.missing().stream()
                                    .map(QualifiedName::toString)
                                    .collect(Collectors.joining(", ")))
                    .withState("the others are set")
                    .withRemedy("Create them on the target, or leave them out with --exclude-table; then run again."));
        }
        renderer.on(new ProgressEvent.Complete(List.of(SequencesText.summary(result))));
    }
}
