package org.pgmigrator.core.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.config.ReplicationConfig.WithoutIdentity;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;
import org.pgmigrator.core.validate.Scene.Result;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.Servers;

/// Every check on every major, on both sides, by a role that may do no more than it must.
final class ValidateVersionsIT {

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void everyQuestionIsAnsweredToARoleWithTheLeastPrivileges(int major) throws Exception {
        try (PostgresServer server = Servers.start(major)) {
            Scene scene = new Scene(server, server);
            scene.sourceRole("mover", "REPLICATION");
            server.execute(
                    "postgres",
                    "grant create on database " + scene.database + " to mover",
                    "alter database " + scene.targetDatabase() + " owner to mover",
                    "grant create on database " + scene.targetDatabase() + " to mover");
            scene.targetUri = scene.sourceUri.replace(scene.database, scene.targetDatabase());
            scene.source(
                    "create table keyed (id int generated always as identity primary key, n int unique deferrable)",
                    "create table computed (n int, twice int generated always as (n * 2) stored)",
                    "create table oddly (n int, twice int generated always as (n * 2) stored primary key)",
                    "create table root (id int primary key) partition by range (id)",
                    "create table leaf partition of root default",
                    "create unlogged table scratch (id int)",
                    "create materialized view totals as select count(*) from keyed",
                    "create sequence counter",
                    "create policy mine on keyed for select to mover using (true)");
            for (String table : new String[] {"keyed", "computed", "oddly", "root", "leaf", "scratch"}) {
                scene.source("alter table " + table + " owner to mover");
            }
            scene.source(
                    "alter sequence counter owner to mover",
                    "alter materialized view totals owner to mover",
                    "alter table computed replica identity full");

            Result result = scene.run();

            assertThat(result.report().findings())
                    .extracting(Finding::what)
                    .noneSatisfy(what -> assertThat(what).contains("could not be made"));
            assertThat(result.report().findings())
                    .filteredOn(finding -> finding.severity() == Severity.OK)
                    .hasSizeGreaterThan(20);
            // Without the right clients, or the right to be granted session_replication_role, these may refuse.
            assertThat(result.refusing())
                    .contains("replica-identity")
                    .isSubsetOf("replica-identity", "client-tools", "target-replication-role");
            assertThat(result.error("replica-identity").what()).contains("public.oddly (its key");
            assertThat(result.error("replica-identity").what().contains("public.computed"))
                    .as("the server refuses updates of computed, too")
                    .isEqualTo(serverRefusesUpdate(server, scene.database, "computed"));
        }
    }

    /// What the check foresees, tried.
    private static boolean serverRefusesUpdate(PostgresServer server, String database, String table)
            throws SQLException {
        server.execute(database, "create publication trial for table " + table);
        try {
            server.execute(database, "update " + table + " set n = n");
            return false;
        } catch (SQLException e) {
            assertThat(e.getMessage()).contains("cannot update table");
            return true;
        } finally {
            server.execute(database, "drop publication trial");
        }
    }

    @org.junit.jupiter.api.Test
    void fullDoesNotHelpATableWithGeneratedColumnsOfVersion18() throws Exception {
        try (PostgresServer server = Servers.start(18)) {
            Scene scene = new Scene(server, server);
            scene.source("create table computed (n int, twice int generated always as (n * 2) virtual)");
            scene.withoutIdentity = WithoutIdentity.FULL;

            assertThat(scene.run().error("replica-identity").what())
                    .isEqualTo("REPLICA IDENTITY FULL does not help public.computed.");
        }
    }
}
