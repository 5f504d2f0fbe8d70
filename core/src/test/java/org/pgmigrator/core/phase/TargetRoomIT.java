package org.pgmigrator.core.phase;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Whose sessions are ended when a copy that was cut off is given up.
@ExtendWith(SharedServers.class)
class TargetRoomIT {

    @Test
    void onlyTheSessionsOfThisMigrationAreEnded(ServerPool servers) throws Exception {
        PostgresServer server = servers.target(17);
        server.createDatabase("room");
        Database target = Database.parse(Side.TARGET, new Secret(server.uri("room")), Map.of());
        String longName = "a migration whose name is too long for a session's name, or nearly so";
        List<Connection> open = new ArrayList<>();
        try {
            for (String owner : List.of("mine", "another", "not mine", longName)) {
                open.add(target.of(owner).connect(Session.named("copy")));
                open.add(server.connect("room"));
                open.getLast()
                        .createStatement()
                        .execute("set application_name = 'pg_restore" + Session.suffix(owner) + "'");
            }
            open.add(target.connect(Session.named("verify")));

            new TargetRoom(target, FilterConfig.EVERYTHING, "mine", event -> {}).endOwnSessions();
            new TargetRoom(target, FilterConfig.EVERYTHING, longName, event -> {}).endOwnSessions();

            Awaitility.await()
                    .untilAsserted(() -> assertThat(server.rows("room", """
                            select application_name from pg_stat_activity
                            where datname = current_database() and application_name ~ '^(pg-migrator|pg_restore)'
                            """))
                            .containsExactlyInAnyOrder(
                                    "pg-migrator copy (another)",
                                    "pg_restore (another)",
                                    "pg-migrator copy" + Session.suffix("not mine"),
                                    "pg_restore" + Session.suffix("not mine"),
                                    "pg-migrator verify"));
        } finally {
            for (Connection connection : open) {
                connection.close();
            }
        }
    }
}
