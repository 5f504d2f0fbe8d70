package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.cli.migrate.StubbornClient.Kind;
import org.pgmigrator.sandbox.compare.ComparisonResult;
import org.pgmigrator.sandbox.compare.SequenceRule;

/// Clients that never stop writing, across the cutover: what a client saw committed is on the target, once, and nothing
/// is committed on the source afterwards, whatever kind of session tries.
@ExtendWith(SharedServers.class)
class CutoverUnderLoadIT {

    /// `-Dpgmigrator.cutovers=20` for a longer try.
    private static final int ROUNDS = Integer.getInteger("pgmigrator.cutovers", 1);

    private static final int ROWS_BEFORE = 300;

    @Test
    void nothingThatWasCommittedIsLostOrDoubled(DatabasePair databases) throws Exception {
        for (int round = 1; round <= ROUNDS; round++) {
            DatabasePair pair = round == 1
                    ? databases
                    : DatabasePair.create(databases.source(), databases.target(), databases.name() + round);
            cutOverUnderLoad(pair);
        }
    }

    private static void cutOverUnderLoad(DatabasePair databases) throws Exception {
        StubbornClient.prepare(databases);
        List<StubbornClient> clients = new ArrayList<>();
        try (Connection untouched = databases.source().connect(databases.name());
                MigrationRun run = MigrationRun.start(databases, "--without-identity=full")) {
            for (Kind kind : Kind.values()) {
                clients.add(StubbornClient.start(databases, kind));
            }
            run.awaitCaughtUp();
            for (StubbornClient client : clients) {
                client.awaitCommitted(ROWS_BEFORE / clients.size());
            }
            MigrationRun.Ended ended = run.interrupt().awaitEnd().assertDone();
            for (StubbornClient client : clients) {
                client.awaitRefused();
            }
            assertThat(StubbornClient.tryToWrite(untouched))
                    .as("a pooled session that was idle all the time")
                    .isEqualTo("25006");
            clients.forEach(StubbornClient::stop);
            assertNothingLost(databases, clients);
            System.err.println("cutover under load: write downtime "
                    + ended.only("cutover_complete").number("write_downtime_ms") + " ms, longest wait of a client "
                    + clients.stream()
                            .mapToLong(StubbornClient::longestMillis)
                            .max()
                            .orElse(0) + " ms");
        } finally {
            clients.forEach(StubbornClient::stop);
        }
    }

    private static void assertNothingLost(DatabasePair databases, List<StubbornClient> clients) throws SQLException {
        for (StubbornClient client : clients) {
            assertThat(databases.targetRows("SELECT n FROM done WHERE client = '" + client.kind() + "' ORDER BY n"))
                    .as("what client " + client.kind() + " saw committed, each once")
                    .isEqualTo(client.committed());
            assertThat(databases.targetValue("SELECT balance FROM account WHERE client = '" + client.kind() + "'"))
                    .isEqualTo(Integer.toString(client.committed().size()));
            assertThat(client.states())
                    .as("why client " + client.kind() + " was refused")
                    .containsOnly("25006");
        }
        ComparisonResult comparison = databases.compare(SequenceRule.IGNORED);
        assertThat(comparison.differences()).as(comparison::toString).isEmpty();
        Traces.assertSourceIsClosed(databases);
        Traces.assertTargetIsCleanAndOpen(databases);
    }
}
