package org.pgmigrator.cli.option;

import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.config.Secret;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// What names a migration to the commands that work from any terminal: the two databases and the subscription.
public final class StateOptions {

    @Mixin
    private ConnectionOptions connections = new ConnectionOptions();

    @Option(
            names = "--subscription-name",
            paramLabel = "<name>",
            description = "The migration's name on the target, as migrate was given it. Default: "
                    + ReplicationConfig.DEFAULT_SUBSCRIPTION_NAME + ".")
    private String subscriptionName = ReplicationConfig.DEFAULT_SUBSCRIPTION_NAME;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    public Secret source() {
        return checked(connections::source);
    }

    public Secret target() {
        return checked(connections::target);
    }

    public String subscriptionName() {
        return subscriptionName;
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
