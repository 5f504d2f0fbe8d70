package org.pgmigrator.cli.option;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.MigrationConfig.Mode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// All options of a migration. `migrate` and `check` take the same ones, so that one line can be tried with the other.
public final class MigrationOptions {

    @Mixin
    private ConnectionOptions connections = new ConnectionOptions();

    @Option(
            names = "--mode",
            paramLabel = "<online|offline>",
            description = "online copies, streams the changes and cuts over; offline only copies, and the source's "
                    + "writes must have been stopped before. Default: online.")
    private Mode mode = Mode.ONLINE;

    @Option(
            names = "--resume",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "Go on with a migration that was stopped. Default: false.")
    private boolean resume;

    @Option(
            names = "--yes",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "<true|false>",
            description = "Answer every question with yes. Default: false.")
    private boolean yes;

    @Mixin
    private FilterOptions filter = new FilterOptions();

    @Mixin
    private ReplicationOptions replication = new ReplicationOptions();

    @Mixin
    private ApplyOptions apply = new ApplyOptions();

    @Mixin
    private CopyOptions copy = new CopyOptions();

    @Mixin
    private SpoolOptions spool = new SpoolOptions();

    @Mixin
    private CutoverOptions cutover = new CutoverOptions();

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    /// The configuration that the options ask for.
    ///
    /// @throws ParameterException if a value is missing or not allowed; its message begins with the option's name
    public MigrationConfig toConfig() {
        try {
            return new MigrationConfig(
                    connections.source(),
                    connections.target(),
                    mode,
                    replication.toConfig(),
                    apply.toConfig(),
                    copy.toConfig(),
                    filter.toConfig(),
                    cutover.toLagConfig(),
                    cutover.toConfig(),
                    spool.toConfig(),
                    resume,
                    yes);
        } catch (IllegalArgumentException e) {
            if (command == null) {
                throw e;
            }
            throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    public boolean yes() {
        return yes;
    }

    /// What to tell the operator about passwords that `ps` shows, if there are any.
    public Optional<String> exposedPasswordWarning() {
        return connections.exposedPasswordWarning();
    }
}
