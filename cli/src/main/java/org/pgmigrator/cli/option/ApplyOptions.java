package org.pgmigrator.cli.option;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
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
                    "Sessions on the target among which a backlog is divided, by tables and by ranges of keys. With 1, "
                            + "transactions become visible there in the source's order. Default: 1; 2 from 16 processors "
                            + "of this machine on, 3 from 24, 4 from 32.")
    private int lanes = ApplyConfig.DEFAULT.lanes();

    @Option(
            names = "--wire-format",
            paramLabel = "<auto|text|binary>",
            description = "In which form the source sends values. auto: binary if every column's type is one of the "
                    + "usual ones and the same on both sides, text otherwise; binary is refused where another server "
                    + "could read it differently. Default: auto.")
    private ApplyConfig.WireFormat wireFormat = ApplyConfig.DEFAULT.wireFormat();

    @Option(
            names = "--decoding-memory",
            paramLabel = "<bytes>",
            converter = ByteSize.class,
            description =
                    "Memory that the source's walsender may use before it writes large transactions to the "
                            + "source's disk and reads them back, such as 1GB. Default: logical_decoding_work_mem of the source.")
    private @Nullable Long decodingMemory;

    ApplyConfig toConfig() {
        return ApplyConfig.of(mode, lanes)
                .withWireFormat(wireFormat)
                .withDecodingMemory(decodingMemory == null ? OptionalLong.empty() : OptionalLong.of(decodingMemory));
    }
}
