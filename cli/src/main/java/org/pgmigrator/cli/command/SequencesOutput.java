package org.pgmigrator.cli.command;

import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.option.FilterOptions;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.render.SequencesText;
import org.pgmigrator.cli.session.Console;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.cutover.SequenceMoves;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
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

    static FilterConfig filter(FilterOptions options, CommandLine commandLine) {
        try {
            return options.toConfig();
        } catch (IllegalArgumentException refused) {
            throw new ParameterException(commandLine, String.valueOf(refused.getMessage()), refused);
        }
    }

    /// Shows each change, or with `--json` how many there were; then what is wrong.
    static void show(String action, SequenceMoves.Result result, boolean json, Console console, Renderer renderer) {
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
