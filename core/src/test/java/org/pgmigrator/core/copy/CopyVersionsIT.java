package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgmigrator.core.progress.ProgressEvent.Notice;
import org.pgmigrator.core.progress.ProgressEvent.Warning;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.compare.DatabaseComparison;
import org.pgmigrator.sandbox.server.PostgresServer;

@ExtendWith(SharedServers.class)
class CopyVersionsIT {

    @TempDir
    Path workDir;

    /// Pairs whose client is not on this machine are skipped, visibly.
    @ParameterizedTest(name = "{0} to {1} with a client of at least {2}")
    @CsvSource({
        "14, 15, 14",
        "15, 16, 15",
        "15, 18, 15",
        "15, 16, 17",
        "16, 17, 17",
        "17, 17, 17",
        "17, 18, 18",
        "18, 18, 18"
    })
    void copiesARichDatabaseWhole(int sourceMajor, int targetMajor, int oldestClient, ServerPool servers)
            throws Exception {
        PostgresServer sourceServer = servers.source(sourceMajor);
        PostgresServer targetServer = servers.target(targetMajor);
        CopyPair pair = new CopyPair(sourceServer, targetServer, workDir);
        pair.oldestClient = oldestClient;
        ClientTools tools = pair.tools();
        pair.onSource(CopyIT.RICH);
        try (Connection holder = sourceServer.connect(pair.sourceName);
                DumpFolder folder = DumpFolder.create(pair.config())) {
            pair.restore(pair.dump(Optional.of(CopyPair.exportSnapshot(holder)), folder));
        }

        assertThat(new DatabaseComparison()
                        .compare(
                                () -> sourceServer.connect(pair.sourceName),
                                () -> targetServer.connect(pair.targetName))
                        .differences())
                .isEmpty();
        assertThat(pair.targetValue("select convert_from(lo_get(4711), 'UTF8')"))
                .isEqualTo("large");
        assertThat(pair.targetRows("select pubname from pg_publication")).containsExactly("theirs");
        assertThat(pair.eventsOf(Warning.class)).isEmpty();
        boolean newerThanTheTarget = tools.major() >= 17 && targetMajor < 17;
        assertThat(pair.eventsOf(Notice.class))
                .hasSize(newerThanTheTarget ? 1 : 0)
                .allMatch(notice -> notice.text().contains("transaction_timeout"));
        assertThat(workDir).isEmptyDirectory();
    }
}
