package org.pgmigrator.cli.option;

import java.util.Map;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.CutoverConfig;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.config.SlotRetention;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.config.VerifyLevel;
import picocli.CommandLine;

/// How arguments are read: words, environment twins, and nothing clever.
public final class OptionParsing {

    private OptionParsing() {}

    /// Applies to `commandLine` and the subcommands that it has by now.
    public static void configure(CommandLine commandLine, Map<String, String> environment) {
        commandLine
                // A password may begin with @ or hold ${...}: values are taken as they are.
                .setExpandAtFiles(false)
                .setInterpolateVariables(false)
                .registerConverter(MigrationConfig.Mode.class, new Word<>(MigrationConfig.Mode.class))
                .registerConverter(ApplyConfig.Mode.class, new Word<>(ApplyConfig.Mode.class))
                .registerConverter(ApplyConfig.WireFormat.class, new Word<>(ApplyConfig.WireFormat.class))
                .registerConverter(CopyConfig.Rows.class, new Word<>(CopyConfig.Rows.class))
                .registerConverter(CutoverConfig.When.class, new Word<>(CutoverConfig.When.class))
                .registerConverter(SourceLockConfig.Mode.class, new Word<>(SourceLockConfig.Mode.class))
                .registerConverter(SlotRetention.AtLimit.class, new Word<>(SlotRetention.AtLimit.class))
                .registerConverter(SpoolOptions.Wanted.class, new Word<>(SpoolOptions.Wanted.class))
                .registerConverter(VerifyLevel.class, new Word<>(VerifyLevel.class))
                .registerConverter(
                        ReplicationConfig.WithoutIdentity.class, new Word<>(ReplicationConfig.WithoutIdentity.class));
        new EnvironmentTwins(environment).addTo(commandLine);
    }
}
