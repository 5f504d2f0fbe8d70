package org.pgmigrator.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.pgmigrator.cli.command.AbortCommand;
import org.pgmigrator.cli.command.CheckCommand;
import org.pgmigrator.cli.command.CutoverCommand;
import org.pgmigrator.cli.command.MigrateCommand;
import org.pgmigrator.cli.command.RootCommand;
import org.pgmigrator.cli.command.SequencesCommand;
import org.pgmigrator.cli.command.SnapshotHolderCommand;
import org.pgmigrator.cli.command.StatusCommand;
import org.pgmigrator.cli.command.VerifyCommand;
import org.pgmigrator.cli.demo.DemoCommand;
import org.pgmigrator.cli.option.EnvironmentTwins;
import org.pgmigrator.cli.option.OptionParsing;
import org.pgmigrator.cli.session.Console;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.cli.session.Terminal;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.OptionSpec;

/// Runs one command. Its exit codes are those of [org.pgmigrator.core.error.ExitCode], never others.
public final class Main {

    private static final OptionSpec HELP = OptionSpec.builder("-h", "--help")
            .usageHelp(true)
            .description("Show this help and exit.")
            .build();

    private static final OptionSpec VERSION = OptionSpec.builder("-V", "--version")
            .versionHelp(true)
            .description("Show the version and exit.")
            .build();

    private Main() {}

    public static void main(String[] arguments) {
        // UTF-8 whatever the locale: JSON has to be, and the texts are.
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        Console console = new Console(System.getenv(), out, err, Terminal.ofProcess(), InstantSource.system());
        System.exit(run(arguments, console));
    }

    /// Runs the command and returns its exit code. Everything that the process was given comes by `console`.
    public static int run(String[] arguments, Console console) {
        try (Session session = new Session(console)) {
            FailureHandler failures = new FailureHandler(session, wantsJson(arguments, console.environment()));
            try {
                return commandLine(session, failures).execute(arguments);
            } catch (Throwable thrown) {
                // Out of memory and its like, which picocli lets pass.
                return failures.handle(thrown);
            }
        }
    }

    private static CommandLine commandLine(Session session, FailureHandler failures) {
        CommandLine completion = new CommandLine(new GenerateCompletion());
        completion.getCommandSpec().usageMessage().hidden(true);
        CommandLine commandLine = new CommandLine(new RootCommand())
                .addSubcommand(new MigrateCommand(session))
                .addSubcommand(new CheckCommand(session))
                .addSubcommand(new StatusCommand(session))
                .addSubcommand(new CutoverCommand(session))
                .addSubcommand(new SnapshotHolderCommand(session))
                .addSubcommand(new VerifyCommand(session))
                .addSubcommand(SequencesCommand.commandLine(session))
                .addSubcommand(new AbortCommand(session))
                .addSubcommand(new DemoCommand(session))
                .addSubcommand(new HelpCommand())
                .addSubcommand(completion)
                .setOut(writer(session.console().out()))
                .setErr(writer(session.console().err()))
                .setExecutionExceptionHandler(failures)
                .setParameterExceptionHandler(failures)
                .setUsageHelpWidth(100)
                .setUsageHelpAutoWidth(session.console().terminal().interactive());
        commandLine.getCommandSpec().addOption(VERSION);
        addHelp(commandLine);
        OptionParsing.configure(commandLine, session.console().environment());
        return commandLine;
    }

    private static void addHelp(CommandLine commandLine) {
        // picocli's own commands bring theirs along.
        if (commandLine.getCommandSpec().findOption("--help") == null
                && !commandLine.getCommandSpec().mixinStandardHelpOptions()) {
            commandLine.getCommandSpec().addOption(HELP);
        }
        commandLine.getSubcommands().values().forEach(Main::addHelp);
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, stream.charset());
    }

    private static boolean wantsJson(String[] arguments, Map<String, String> environment) {
        return List.of(arguments).contains("--json")
                || "true".equalsIgnoreCase(environment.get(EnvironmentTwins.nameOf("--json")));
    }
}
