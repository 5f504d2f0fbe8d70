package org.pgmigrator.core.validate;

import java.util.Map;
import java.util.Optional;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.copy.ClientTools;
import org.pgmigrator.core.copy.ClientTools.Choice;

/// Whether pg_dump and pg_restore are here in a version that both servers can live with.
final class ClientToolsCheck {

    static final String NAME = "client-tools";

    private ClientToolsCheck() {}

    static Optional<ClientTools> choose(
            int sourceMajor, int targetMajor, CopyConfig copy, Map<String, String> environment, Findings findings)
            throws InterruptedException {
        return switch (ClientTools.choose(sourceMajor, targetMajor, copy.pgBindir(), environment)) {
            case Choice.Chosen chosen -> {
                ClientTools tools = chosen.tools();
                findings.ok("pg_dump and pg_restore " + tools.version() + " in " + tools.folder() + " will be used."
                        + chosen.caution().map(text -> " " + text).orElse(""));
                yield Optional.of(tools);
            }
            case Choice.NoneFits none -> {
                findings.error(none.what(), none.why(), none.remedy());
                yield Optional.empty();
            }
        };
    }
}
