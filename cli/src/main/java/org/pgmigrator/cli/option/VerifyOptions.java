package org.pgmigrator.cli.option;

import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.VerifyConfig;
import org.pgmigrator.core.config.VerifyLevel;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// What `verify` compares, and how. Connections and filters are those of `migrate`.
public final class VerifyOptions {

    @Mixin
    private ConnectionOptions connections = new ConnectionOptions();

    @Option(
            names = "--level",
            paramLabel = "<schema|counts|content>",
            description =
                    "schema compares definitions, counts the number of rows of each table, content every value of "
                            + "every row. None contains another. Default: counts.")
    private VerifyLevel level = VerifyLevel.COUNTS;

    @Option(
            names = "--jobs",
            paramLabel = "<number>",
            description = "Sessions on each side that read at the same time, 1 to 256. Default: "
                    + VerifyConfig.DEFAULT_JOBS + ".")
    private int jobs = VerifyConfig.DEFAULT_JOBS;

    @Option(
            names = "--list-keys",
            paramLabel = "<number>",
            description = "Differing rows that are named for each table, 1 to 10000; the others are counted. Default: "
                    + VerifyConfig.DEFAULT_LISTED_KEYS + ".")
    private int listedKeys = VerifyConfig.DEFAULT_LISTED_KEYS;

    @Mixin
    private FilterOptions filter = new FilterOptions();

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    public Secret source() {
        return checked(connections::source);
    }

    public Secret target() {
        return checked(connections::target);
    }

    public FilterConfig filter() {
        return checked(filter::toConfig);
    }

    public VerifyConfig config() {
        return checked(() -> new VerifyConfig(jobs, listedKeys));
    }

    public VerifyLevel level() {
        return checked(() -> {
            if (level == VerifyLevel.NONE) {
                throw new IllegalArgumentException("--level must be schema, counts or content");
            }
            return level;
        });
    }

    /// See [ConnectionOptions#exposedPasswordWarning].
    public Optional<String> exposedPasswordWarning() {
        return connections.exposedPasswordWarning();
    }

    /// @throws ParameterException for what `value` refuses; its message begins with the option's name
    private <T> T checked(Supplier<T> value) {
        try {
            return value.get();
        } catch (IllegalArgumentException refused) {
            if (command == null) {
                throw refused;
            }
            throw new ParameterException(command.commandLine(), String.valueOf(refused.getMessage()), refused);
        }
    }
}
