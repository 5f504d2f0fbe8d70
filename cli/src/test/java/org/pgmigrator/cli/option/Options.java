package org.pgmigrator.cli.option;

import java.util.HashMap;
import java.util.Map;
import picocli.CommandLine;

/// The options of `migrate`, parsed as the program does.
final class Options {

    private Options() {}

    static CommandLine parser(Map<String, String> environment) {
        CommandLine parser = new CommandLine(new MigrationOptions());
        OptionParsing.configure(parser, environment);
        return parser;
    }

    /// With both connections given by the environment.
    static MigrationOptions parse(Map<String, String> environment, String... arguments) {
        Map<String, String> all = new HashMap<>(Map.of("PG_MIGRATOR_SOURCE", "host=a", "PG_MIGRATOR_TARGET", "host=b"));
        all.putAll(environment);
        CommandLine parser = parser(all);
        parser.parseArgs(arguments);
        return parser.getCommand();
    }
}
