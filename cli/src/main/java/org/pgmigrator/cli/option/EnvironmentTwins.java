package org.pgmigrator.cli.option;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// Gives every option its twin in the environment: `--slot-name` is also `PG_MIGRATOR_SLOT_NAME`.
///
/// The name is derived, never written down, so that no option can be without one. The command line wins. An empty
/// variable counts as unset, as it does for libpq. `--help` and `--version` have no twin.
public final class EnvironmentTwins implements IDefaultValueProvider {

    private static final String PREFIX = "PG_MIGRATOR_";

    private final Map<String, String> environment;

    public EnvironmentTwins(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /// Wires the twins into `commandLine` and all its subcommands, and names them in the help texts.
    public void addTo(CommandLine commandLine) {
        commandLine.setDefaultValueProvider(this);
        announceAll(commandLine);
    }

    private static void announceAll(CommandLine commandLine) {
        announce(commandLine.getCommandSpec());
        commandLine.getSubcommands().values().forEach(EnvironmentTwins::announceAll);
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (!(argument instanceof OptionSpec option) || !hasTwin(option)) {
            return null;
        }
        String value = environment.getOrDefault(nameOf(option), "");
        return value.isEmpty() ? null : value;
    }

    /// The variable that stands for `option`.
    public static String nameOf(OptionSpec option) {
        return nameOf(option.longestName());
    }

    /// The variable that stands for the option spelt `longName`, such as `--slot-name`.
    public static String nameOf(String longName) {
        return PREFIX + longName.substring(2).replace('-', '_').toUpperCase(java.util.Locale.ROOT);
    }

    static boolean hasTwin(OptionSpec option) {
        return !option.usageHelp()
                && !option.versionHelp()
                && option.longestName().startsWith("--");
    }

    private static void announce(CommandSpec command) {
        for (OptionSpec option : List.copyOf(command.options())) {
            if (hasTwin(option)) {
                String[] lines = option.description().clone();
                if (lines.length == 0) {
                    lines = new String[] {""};
                }
                lines[lines.length - 1] += " [" + nameOf(option) + "]";
                command.remove(option);
                command.addOption(option.toBuilder().description(lines).build());
            }
        }
    }
}
