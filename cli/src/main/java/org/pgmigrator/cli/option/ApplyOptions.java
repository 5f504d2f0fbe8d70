package org.pgmigrator.cli.option;

import org.pgmigrator.core.config.ApplyConfig;
import picocli.CommandLine.Option;

/// How the changes that are streamed reach the target.
final class ApplyOptions {

    @Option(
            names = "--apply",
            paramLabel = "<windows|strict>",
            description = "Write the net change of each row over many transactions; or every change by itself, in the "
                    + "source's order, which is slower. Default: windows.")
    private ApplyConfig.Mode mode = ApplyConfig.DEFAULT.mode();

    @Option(
            names = "--apply-lanes",
            paramLabel = "<sessions>",
            description =
                    "Sessions on the target among which the tables of a backlog are divided. With 1, transactions "
                            + "become visible there in the source's order. Default: 1.")
    private int lanes = ApplyConfig.DEFAULT.lanes();

    ApplyConfig toConfig() {
        return ApplyConfig.of(mode, lanes);
    }
}
