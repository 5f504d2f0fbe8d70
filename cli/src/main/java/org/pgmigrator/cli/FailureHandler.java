package org.pgmigrator.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.log.PasswordMask;
import org.pgmigrator.cli.option.EnvironmentTwins;
import org.pgmigrator.cli.render.JsonRenderer;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.render.TextRenderer;
import org.pgmigrator.cli.session.Console;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.progress.OnInterrupt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// The one place where whatever ended a command is shown and becomes an exit code.
final class FailureHandler implements IExecutionExceptionHandler, IParameterExceptionHandler {

    private static final Logger log = LoggerFactory.getLogger(FailureHandler.class);

    private final Session session;
    private final boolean jsonWanted;

    /// @param jsonWanted whether a failure is told as JSON also if no command could begin
    FailureHandler(Session session, boolean jsonWanted) {
        this.session = session;
        this.jsonWanted = jsonWanted;
    }

    @Override
    public int handleExecutionException(Exception exception, CommandLine commandLine, ParseResult parsed) {
        return handle(exception);
    }

    @Override
    public int handleParseException(ParameterException exception, String[] arguments) {
        return show(usage(exception, List.of(arguments)));
    }

    /// Anything that nobody expected as well.
    int handle(Throwable thrown) {
        if (thrown instanceof MigrationException expected) {
            log.error("the command failed", expected);
            return show(expected.failure());
        }
        log.error("unexpected: a bug in pg-migrator", thrown);
        return show(bug(thrown));
    }

    private int show(Failure failure) {
        renderer().failed(failure, session.logPath());
        return failure.kind().exitCode().number();
    }

    private Renderer renderer() {
        Optional<Renderer> begun = session.renderer();
        if (begun.isPresent()) {
            return begun.get();
        }
        Console console = session.console();
        return jsonWanted
                ? new JsonRenderer(console.out(), console.err(), console.clock())
                : new TextRenderer(
                        console.out(), console.err(), console.clock(), session.style(), () -> OnInterrupt.NOTHING);
    }

    private static Failure bug(Throwable thrown) {
        StackTraceElement[] stack = thrown.getStackTrace();
        String place = stack.length == 0 ? "" : " at " + stack[0];
        String message = thrown.getMessage() == null ? "" : ": " + PasswordMask.mask(thrown.getMessage());
        return Failure.of(
                FailureKind.BUG,
                "pg-migrator met a situation that it does not handle.",
                thrown.getClass().getSimpleName() + message + place);
    }

    private Failure usage(ParameterException exception, List<String> arguments) {
        String message = PasswordMask.mask(wording(exception));
        String what = message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
        String help = "Correct it; "
                + exception.getCommandLine().getCommandSpec().qualifiedName() + " --help lists " + "all options.";
        List<String> remedy = exception instanceof UnmatchedArgumentException unmatched
                        && !unmatched.getSuggestions().isEmpty()
                ? List.of("Perhaps you meant " + String.join(" or ", unmatched.getSuggestions()) + ".", help)
                : List.of(help);
        return new Failure(FailureKind.USAGE, what, fromEnvironment(exception.getArgSpec(), arguments), "", remedy);
    }

    private static String wording(ParameterException exception) {
        return exception instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()
                ? "unexpected argument '" + unmatched.getUnmatched().getFirst() + "': every value belongs to an option"
                : String.valueOf(exception.getMessage());
    }

    /// Says so if the value that was refused was not typed: otherwise nobody looks there.
    private String fromEnvironment(@Nullable ArgSpec argument, List<String> arguments) {
        if (!(argument instanceof OptionSpec option) || !option.longestName().startsWith("--")) {
            return "";
        }
        boolean typed = arguments.stream()
                .anyMatch(text -> Arrays.stream(option.names())
                        .anyMatch(name -> text.equals(name) || text.startsWith(name + "=")));
        String twin = EnvironmentTwins.nameOf(option);
        return !typed && session.console().environment().containsKey(twin)
                ? "the value comes from the environment variable " + twin
                : "";
    }
}
