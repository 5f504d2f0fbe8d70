package org.pgmigrator.core.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.MigrationConfig.Mode;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig.WithoutIdentity;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;
import org.pgmigrator.core.validate.Scene.Result;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.server.Servers;

/// Provokes findings on a pair of servers, and where it can be done executes their remedies and looks again.
final class ValidateIT {

    private static PostgresServer sourceServer;
    private static PostgresServer targetServer;

    private Scene scene;

    @BeforeAll
    static void startServers() {
        // Without autovacuum, so that a transaction id that is assigned is one of ours.
        sourceServer = Servers.start(ServerSpec.of(15).setting("autovacuum", "off"));
        targetServer = Servers.start(ServerSpec.of(17).setting("autovacuum", "off"));
    }

    @AfterAll
    static void stopServers() {
        sourceServer.close();
        targetServer.close();
    }

    @BeforeEach
    void makeScene() throws SQLException {
        scene = new Scene(sourceServer, targetServer);
    }

    @Test
    void aSoundPairPassesAndItsFactsAreProved() throws Exception {
        scene.source(
                "create table plain (id bigint generated always as identity primary key, note text)",
                "create table root (id int, day date, primary key (id, day)) partition by range (day)",
                "create table leaf partition of root default",
                "create unlogged table scratch (id int primary key)");

        Result result = scene.run();

        assertThat(result.report().errors()).isEmpty();
        assertThat(result.report().refused()).isFalse();
        Validated validated = result.report().validated().orElseThrow();
        assertThat(validated.source().major()).isEqualTo(15);
        assertThat(validated.source().systemIdentifier())
                .contains(scene.sourceValue("select system_identifier from pg_control_system()"));
        assertThat(validated.source().timeline()).isEqualTo(1);
        assertThat(names(validated.source().carried())).containsExactly("leaf", "plain", "root", "scratch");
        assertThat(names(validated.source().streamed())).containsExactly("leaf", "plain");
        assertThat(names(validated.source().published())).containsExactly("plain", "root");
        assertThat(names(validated.source().unlogged())).containsExactly("scratch");
        assertThat(validated.source().alwaysIdentity())
                .containsExactly(new Validated.AlwaysIdentity(new QualifiedName("public", "plain"), "id"));
        assertThat(validated.target().major()).isEqualTo(17);
        assertThat(validated.target().mayReplicate()).isTrue();
        assertThat(validated.target().mayClose()).isTrue();
        assertThat(validated.tools().major()).isBetween(15, 18);
    }

    @Test
    void theChecksChangeNothing() throws Exception {
        scene.source("create table keyless (id int)", "create table keyed (id int primary key)");
        scene.target("create table in_the_way (id int)");
        List<String> sourceBefore = state(sourceServer, scene.database);
        List<String> targetBefore = state(targetServer, scene.targetDatabase());

        Result result = scene.run();

        assertThat(result.report().refused()).isTrue();
        assertThat(state(sourceServer, scene.database)).isEqualTo(sourceBefore);
        assertThat(state(targetServer, scene.targetDatabase())).isEqualTo(targetBefore);
    }

    /// The next transaction id alone proves that no transaction has written.
    private static List<String> state(PostgresServer server, String database) throws SQLException {
        return server.rows(
                database,
                "select pg_snapshot_xmax(pg_current_snapshot())::text union all select slot_name from"
                        + " pg_replication_slots union all select pubname from pg_publication union all select"
                        + " format('%s %s %s', relname, relreplident, relfilenode) from pg_class where oid >= 16384 union all"
                        + " select setconfig::text from pg_db_role_setting");
    }

    @Test
    void rolesWithTheLeastPrivilegesSuffice() throws Exception {
        scene.sourceRole("mover", "REPLICATION");
        scene.targetRole("mover", "");
        scene.source(
                "create table owned (id int primary key)",
                "create sequence counter",
                "alter table owned owner to mover",
                "alter sequence counter owner to mover",
                "grant create on database " + scene.database + " to mover");
        scene.target(
                "alter database " + scene.targetDatabase() + " owner to mover",
                "grant set on parameter session_replication_role to mover");

        Result result = scene.run();

        assertThat(result.report().errors()).isEmpty();
        assertThat(result.report().validated()).isPresent();
        assertThat(result.warnings("target-closing")).isEmpty();
    }

    @Test
    void aRoleWithoutRightsIsToldEachGrantOnTheSource() throws Exception {
        scene.sourceRole("powerless", "");
        scene.targetRole("powerless", "");
        scene.target("alter database " + scene.targetDatabase() + " owner to powerless");
        scene.target("grant set on parameter session_replication_role to powerless");
        scene.noOwner = true;
        scene.source(
                "create schema closed",
                "create table closed.hidden (id int primary key)",
                "create sequence closed.counter",
                "select lo_from_bytea(0, 'x')");

        Result refused = scene.run();

        assertThat(refused.refusing())
                .containsExactlyInAnyOrder("replication-privilege", "publication-privilege", "select-privilege");
        assertThat(refused.error("replication-privilege").remedy())
                .contains("ALTER ROLE \"powerless\" WITH REPLICATION;");
        assertThat(refused.errors("publication-privilege")).hasSize(2);
        assertThat(refused.errors("select-privilege").getFirst().what())
                .contains("closed.counter", "closed.hidden", "\"powerless\"");
        assertThat(refused.errors("select-privilege").getFirst().remedy())
                .containsExactly(
                        "GRANT USAGE ON SCHEMA \"closed\" TO \"powerless\";",
                        "GRANT SELECT ON SEQUENCE \"closed\".\"counter\" TO \"powerless\";",
                        "GRANT SELECT ON TABLE \"closed\".\"hidden\" TO \"powerless\";");
        assertThat(refused.errors("select-privilege").getLast().what()).contains("1 large object");

        scene.remedyOnSource(refused.report().errors());

        assertThat(scene.run().refusing()).isEmpty();
        scene.source("revoke postgres from powerless");
    }

    @Test
    void aRoleWithoutRightsIsToldEachGrantOnTheTarget() throws Exception {
        scene.targetRole("stranger", "");
        scene.noOwner = true;
        scene.source(
                "create table t (id int primary key, owner text)",
                "alter table t enable row level security",
                "alter table t force row level security");

        scene.target("revoke temporary on database " + scene.targetDatabase() + " from public");

        Result refused = scene.run();

        assertThat(refused.errors("target-privilege")).hasSize(2);
        assertThat(refused.refusing())
                .containsExactlyInAnyOrder(
                        "target-privilege", "target-replication-role", "target-schemas", "target-row-security");
        assertThat(refused.error("target-replication-role").remedy())
                .contains("GRANT SET ON PARAMETER session_replication_role TO \"stranger\";");
        assertThat(refused.warning("target-closing").what()).contains(scene.targetDatabase());

        scene.remedyOnTarget(refused.report().errors());
        scene.remedyOnTarget(refused.warnings("target-closing"));

        Result cured = scene.run();
        assertThat(cured.refusing()).isEmpty();
        assertThat(cured.warnings("target-closing")).isEmpty();
    }

    @Test
    void rowLevelSecurityThatHidesRowsRefuses() throws Exception {
        scene.sourceRole("watched", "REPLICATION");
        scene.noOwner = true;
        scene.source(
                "create table secret (id int primary key)",
                "alter table secret enable row level security",
                "grant select on secret to watched");

        Finding finding = scene.run().error("row-security");

        assertThat(finding.what()).contains("public.secret", "\"watched\"");
        scene.remedyOnSource(List.of(finding));
        assertThat(scene.run().errors("row-security")).isEmpty();
    }

    @Test
    void tablesWithoutReplicaIdentityRefuseAndEachRemedyHelps() throws Exception {
        scene.source(
                "create table keyed (id int primary key)",
                "create table keyless (id int)",
                "create table \"Odd Name\" (id int)",
                "create table nothing (id int primary key)",
                "alter table nothing replica identity nothing",
                "create table deferred (id int primary key deferrable)",
                "create table indexed (id int not null, part int not null)",
                "create unique index indexed_partial on indexed (id) where id > 0",
                "create unique index indexed_part on indexed (part)",
                "create table nullable (id int unique)",
                "create table parent (id int, day date) partition by range (day)",
                "create table parent_default partition of parent default");

        Result refused = scene.run();

        Finding finding = refused.error("replica-identity");
        assertThat(finding.what())
                .contains("7 tables", "public.keyless", "public.nothing (REPLICA IDENTITY NOTHING)")
                .contains("public.parent_default")
                .doesNotContain("public.parent,", "public.keyed");
        assertThat(finding.remedy())
                .contains(
                        "ALTER TABLE \"public\".\"keyless\" REPLICA IDENTITY FULL;",
                        "ALTER TABLE \"public\".\"Odd Name\" REPLICA IDENTITY FULL;",
                        "ALTER TABLE \"public\".\"nothing\" REPLICA IDENTITY DEFAULT;",
                        "ALTER TABLE \"public\".\"deferred\" REPLICA IDENTITY FULL;",
                        "ALTER TABLE \"public\".\"indexed\" REPLICA IDENTITY USING INDEX \"indexed_part\";",
                        "ALTER TABLE \"public\".\"nullable\" REPLICA IDENTITY FULL;",
                        "ALTER TABLE \"public\".\"parent_default\" REPLICA IDENTITY FULL;");

        scene.remedyOnSource(List.of(finding));

        assertThat(scene.run().report().validated()).isPresent();
    }

    @Test
    void withoutIdentityFullAnnouncesWhatWillBeAltered() throws Exception {
        scene.source("create table keyless (id int)", "create table keyed (id int primary key)");
        scene.withoutIdentity = WithoutIdentity.FULL;

        Result result = scene.run();

        assertThat(result.warning("replica-identity").what())
                .isEqualTo("REPLICA IDENTITY FULL will be set on public.keyless and reverted at the end.");
        Validated validated = result.report().validated().orElseThrow();
        assertThat(names(validated.source().withoutIdentity())).containsExactly("keyless");
        assertThat(names(validated.source().published())).containsExactly("keyed", "keyless");
    }

    @Test
    void withoutIdentityInsertOnlySplitsThePublications() throws Exception {
        scene.source("create table keyless (id int)", "create table keyed (id int primary key)");
        scene.withoutIdentity = WithoutIdentity.INSERT_ONLY;

        Result result = scene.run();

        assertThat(result.warning("replica-identity").what()).contains("Only inserts and truncates", "public.keyless");
        Validated validated = result.report().validated().orElseThrow();
        assertThat(names(validated.source().insertOnly())).containsExactly("keyless");
        assertThat(names(validated.source().published())).containsExactly("keyed");
    }

    @Test
    void largeTablesUnderFullWithoutAnIndexAreSlow() throws Exception {
        scene.source(
                "create table big (id int)",
                "insert into big select generate_series(1, 20000)",
                "alter table big replica identity full",
                "analyze big");

        assertThat(scene.run().warning("replica-identity-full").what()).contains("public.big", "slow");
    }

    @Test
    void aPublicationOfTheOperatorsIsHeldToWhatIsCarried() throws Exception {
        scene.source(
                "create table listed (id int primary key)",
                "create table missing (id int primary key)",
                "create table filtered (id int primary key)",
                "create publication theirs for table listed, filtered where (id > 5)"
                        + " with (publish = 'insert', publish_via_partition_root = true)");
        scene.publication = Optional.of("theirs");

        Result refused = scene.run();

        assertThat(refused.errors("publication"))
                .extracting(Finding::what)
                .anySatisfy(what -> assertThat(what).contains("all four kinds"));
        assertThat(refused.errors("publication"))
                .extracting(Finding::what)
                .anySatisfy(what -> assertThat(what).contains("publish_via_partition_root"));
        assertThat(refused.errors("publication"))
                .extracting(Finding::what)
                .anySatisfy(what -> assertThat(what).contains("filters rows or columns of public.filtered"));
        scene.remedyOnSource(refused.errors("publication"));
        Result second = scene.run();
        assertThat(second.error("publication").what()).contains("lacks public.missing");
        scene.remedyOnSource(second.errors("publication"));
        assertThat(scene.run().report().validated()).isPresent();
    }

    @Test
    void aMissingPublicationIsMadeByItsRemedy() throws Exception {
        scene.source("create table t (id int primary key)", "create table u (id int primary key)");
        scene.publication = Optional.of("Theirs");

        Finding finding = scene.run().error("publication");

        assertThat(finding.remedy())
                .contains("CREATE PUBLICATION \"Theirs\" FOR TABLE ONLY \"public\".\"t\", ONLY \"public\".\"u\";");
        scene.remedyOnSource(List.of(finding));
        assertThat(scene.run().report().validated()).isPresent();
    }

    @Test
    void aPublicationForAllTablesIsWarnedAbout() throws Exception {
        scene.source("create table t (id int primary key)", "create publication everything for all tables");
        scene.publication = Optional.of("everything");

        assertThat(scene.run().warning("publication").what()).contains("FOR ALL TABLES");
    }

    @Test
    void leftoversOfAnEarlierRunRefuseUnlessItIsResumed() throws Exception {
        scene.source(
                "create table t (id int primary key)",
                "create publication " + scene.slot + " for table t",
                "select pg_create_logical_replication_slot('" + scene.slot + "', 'pgoutput')");
        scene.target(
                "create schema pgmigrator", "create table pgmigrator.progress (id int)", "create table t (id int)");

        Result refused = scene.run();

        assertThat(refused.refusing())
                .containsExactlyInAnyOrder("slot-name", "publication-name", "target-leftovers", "target-empty");
        assertThat(refused.error("slot-name").what()).contains(scene.slot, "pgoutput", scene.database);
        assertThat(refused.error("slot-name").remedy())
                .anySatisfy(remedy -> assertThat(remedy).contains("--resume"));
        scene.resume = true;
        assertThat(scene.run().refusing()).isEmpty();

        scene.resume = false;
        scene.remedyOnSource(refused.report().errors().stream()
                .filter(finding -> !finding.check().startsWith("target"))
                .toList());
        scene.remedyOnTarget(refused.errors("target-leftovers"));
        scene.target("drop table t");
        assertThat(scene.run().refusing()).isEmpty();
    }

    @Test
    void aTargetThatIsNotEmptyRefusesUnlessItIsDropped() throws Exception {
        scene.source("create table t (id int primary key)");
        scene.target("create schema shop", "create table shop.item (id serial primary key)", "create extension hstore");

        Finding finding = scene.run().error("target-empty");
        assertThat(finding.what()).contains("table shop.item").doesNotContain("hstore");
        assertThat(finding.remedy()).anySatisfy(remedy -> assertThat(remedy).contains("--drop-target-first"));

        scene.dropTargetFirst = true;
        assertThat(scene.run().warning("target-empty").why()).contains("schema \"shop\": 1 table");
        scene.dropTargetFirst = false;
        scene.includeTables(new QualifiedName("public", "t"));
        assertThat(scene.run().errors("target-empty")).isEmpty();
        assertThat(scene.run().warning("target-closing").why()).contains("read only by default");
    }

    @Test
    void whatTheTargetHasOutsideOfSchemasUnderTheSameNameIsToldBeforeTheCopy() throws Exception {
        scene.source("create table t (id int primary key)", "create publication \"Cdc\"", "create publication other");
        scene.target("create publication \"Cdc\"", "create publication mine");

        Finding finding = scene.run().error("target-names");
        assertThat(finding.what()).contains("PUBLICATION \"Cdc\"").doesNotContain("mine");
        scene.remedyOnTarget(List.of(finding));
        assertThat(scene.run().errors("target-names")).isEmpty();
    }

    @Test
    void aClosedTargetIsReopenedByItsRemedy() throws Exception {
        scene.source("create table t (id int primary key)");
        scene.target("alter database " + scene.targetDatabase() + " set default_transaction_read_only = on");

        Finding finding = scene.run().warning("target-read-only");

        targetServer.execute("postgres", finding.remedy().toArray(String[]::new));
        assertThat(scene.run().warnings("target-read-only")).isEmpty();
    }

    @Test
    void filtersThatMatchNothingRefuse() throws Exception {
        scene.source("create table t (id int primary key)");
        scene.filter = new FilterConfig(
                List.of("public", "shop"), List.of(), List.of(), List.of(new QualifiedName("public", "T")));

        assertThat(scene.run().error("filter").what())
                .isEqualTo("Nothing on the source matches --include-schema shop, --exclude-table public.\"T\".");
    }

    @Test
    void filtersThatExcludeEverythingRefuse() throws Exception {
        scene.source("create table t (id int primary key)");
        scene.filter =
                new FilterConfig(List.of("public"), List.of(), List.of(), List.of(new QualifiedName("public", "t")));

        assertThat(scene.run().error("filter").what()).contains("no table");
    }

    @Test
    void filtersThatNamePartitionsRefuse() throws Exception {
        scene.source(
                "create table root (id int primary key) partition by range (id)",
                "create table low partition of root for values from (0) to (10)",
                "create table high partition of root for values from (10) to (20)");
        scene.filter = new FilterConfig(List.of(), List.of(), List.of(), List.of(new QualifiedName("public", "high")));

        assertThat(scene.run().error("filter").what()).isEqualTo("The filters name partitions: public.high.");

        scene.includeTables(new QualifiedName("public", "low"));
        assertThat(scene.run().errors("filter").getFirst().what())
                .isEqualTo("The filters name partitions: public.low.");

        scene.includeTables(new QualifiedName("public", "root"));
        assertThat(names(scene.run().report().validated().orElseThrow().source().streamed()))
                .containsExactly("high", "low");
    }

    @Test
    void filtersThatCutInheritanceAndForeignKeysAreWarnedAbout() throws Exception {
        scene.source(
                "create table ancestor (id int primary key)",
                "create table heir (primary key (id)) inherits (ancestor)",
                "create table customer (id int primary key)",
                "create table invoice (id int primary key, customer int references customer)");
        scene.filter = new FilterConfig(
                List.of(),
                List.of(),
                List.of(),
                List.of(new QualifiedName("public", "heir"), new QualifiedName("public", "customer")));

        Result result = scene.run();

        assertThat(result.warning("filter-inheritance").what()).contains("not public.heir");
        assertThat(result.warning("filter-foreign-keys").what())
                .contains("invoice_customer_fkey (public.invoice to public.customer)");
        assertThat(names(result.report().validated().orElseThrow().source().published()))
                .containsExactly("ancestor", "invoice");

        scene.filter =
                new FilterConfig(List.of(), List.of(), List.of(), List.of(new QualifiedName("public", "ancestor")));
        assertThat(scene.run().warning("filter-inheritance").what())
                .contains("without their parent table: public.heir");
    }

    @Test
    void sequencesGoWithTheTablesThatUseThem() throws Exception {
        scene.source(
                "create table serial_in (id serial primary key)",
                "create table serial_out (id serial primary key)",
                "create schema elsewhere",
                "create sequence elsewhere.shared",
                "create sequence elsewhere.unused",
                "create table draws (id int primary key default nextval('elsewhere.shared'))");
        scene.includeTables(new QualifiedName("public", "serial_in"), new QualifiedName("public", "draws"));

        assertThat(scene.run().report().validated().orElseThrow().source().sequences())
                .containsExactly(
                        new QualifiedName("elsewhere", "shared"), new QualifiedName("public", "serial_in_id_seq"));
    }

    @Test
    void anUnloggedPartitionThatHasOtherRowsOnTheTargetIsRefused() throws Exception {
        scene.source(
                "create type kind as enum ('a')",
                "create table hashed (k kind) partition by hash (k)",
                "create unlogged table hashed_0 partition of hashed for values with (modulus 1, remainder 0)");

        assertThat(scene.run().error("unlogged-tables").what()).contains("public.hashed_0");
    }

    @Test
    void aKeyOfAPartitionAloneThatHasOtherRowsOnTheTargetIsRefused() throws Exception {
        scene.source(
                "create type kind as enum ('a')",
                "create table hashed (id int not null, k kind not null) partition by hash (k)",
                "create table hashed_0 partition of hashed for values with (modulus 1, remainder 0)");
        assertThat(scene.run().report().findings())
                .noneMatch(finding -> finding.check().equals("partition-keys") && finding.severity() == Severity.ERROR);

        scene.source("alter table hashed_0 add primary key (id)");

        assertThat(scene.run().error("partition-keys").what()).contains("public.hashed_0");
    }

    @Test
    void aForeignKeyToAPartitionThatHasOtherRowsOnTheTargetIsRefusedIfItIsCarried() throws Exception {
        scene.source(
                "create type kind as enum ('a')",
                "create table hashed (k kind primary key) partition by hash (k)",
                "create table hashed_0 partition of hashed for values with (modulus 1, remainder 0)",
                "create table pointing (k kind primary key references hashed_0)");

        assertThat(scene.run().error("partition-keys").what())
                .contains("public.hashed_0 (foreign key pointing_k_fkey of", "pointing to it)");

        scene.filter =
                new FilterConfig(List.of(), List.of(), List.of(), List.of(new QualifiedName("public", "pointing")));
        assertThat(scene.run().report().findings())
                .noneMatch(finding -> finding.check().equals("partition-keys") && finding.severity() == Severity.ERROR);
    }

    @Test
    void whatTheStreamDoesNotCarryIsNamed() throws Exception {
        scene.source(
                "create table t (id serial primary key)",
                "create unlogged table scratch (id int)",
                "create materialized view totals as select count(*) from t",
                "create foreign data wrapper nowhere",
                "create server far foreign data wrapper nowhere",
                "create foreign table remote (id int) server far",
                "select lo_from_bytea(0, 'x')",
                "create subscription inbound connection 'host=nowhere.invalid' publication p"
                        + " with (connect = false, slot_name = none)",
                "create function noop() returns event_trigger language plpgsql as 'begin end'",
                "create event trigger watch on ddl_command_end execute function noop()",
                "create table deferred (id int primary key, n int unique deferrable)",
                "create function keep() returns trigger language plpgsql as 'begin return new; end'",
                "create trigger always before insert on t for each row execute function keep()",
                "alter table t enable always trigger always");

        Result result = scene.run();

        assertThat(result.of("sequences").getFirst().what()).contains("1 sequence will be set");
        assertThat(result.of("large-objects").getFirst().what()).contains("1 large object", "proved");
        assertThat(result.of("unlogged-tables").getFirst().what()).contains("public.scratch", "copied again");
        assertThat(result.of("materialized-views").getFirst().what()).contains("public.totals", "refreshed");
        assertThat(result.warning("foreign-tables").what()).contains("public.remote");
        assertThat(result.warning("subscriptions").what()).contains("inbound");
        assertThat(result.warning("event-triggers").what()).contains("watch");
        assertThat(result.warning("deferrable-constraints").what()).contains("deferred_n_key on public.deferred");
        assertThat(result.warning("triggers").what()).contains("trigger always on public.t");
        assertThat(result.report().validated().orElseThrow().source().largeObjects())
                .isEqualTo(1);
        scene.remedyOnSource(result.warnings("triggers"));
        scene.remedyOnSource(result.warnings("event-triggers"));
        Result cured = scene.run();
        assertThat(cured.warnings("triggers")).isEmpty();
        assertThat(cured.warnings("event-triggers")).isEmpty();
    }

    @Test
    void anExtensionThatTheTargetLacksRefuses() throws Exception {
        // Version 17 no longer has it.
        scene.source("create table t (id int primary key)", "create extension old_snapshot", "create extension hstore");

        assertThat(scene.run().error("extensions").what()).contains("old_snapshot", "not available on the target");

        scene.source("drop extension old_snapshot");
        assertThat(scene.run().errors("extensions")).isEmpty();
    }

    @Test
    void aTargetWithAnotherEncodingRefuses() throws Exception {
        scene = new Scene(
                sourceServer, "", targetServer, "template template0 encoding latin1 lc_collate 'C' lc_ctype 'C'");
        scene.source("create table t (id int primary key)");

        assertThat(scene.run().error("encoding").what()).contains("UTF8", "LATIN1");
    }

    @Test
    void aSourceWithoutEncodingRefuses() throws Exception {
        scene = new Scene(
                sourceServer, "template template0 encoding sql_ascii lc_collate 'C' lc_ctype 'C'", targetServer, "");
        scene.source("create table t (id int primary key)");

        assertThat(scene.run().error("encoding").what()).isEqualTo("The source's encoding is SQL_ASCII.");
    }

    @Test
    void aTargetThatSortsDifferentlyIsWarnedAbout() throws Exception {
        scene = new Scene(
                sourceServer, "", targetServer, "template template0 locale_provider icu icu_locale 'en' locale 'C'");
        scene.source("create table t (id int primary key)");

        assertThat(scene.run().warning("collation").what()).contains("icu en");
    }

    @Test
    void rolesAndTablespacesThatTheTargetLacksRefuse() throws Exception {
        scene.source(
                "create role lonely_owner",
                "create role lonely_reader",
                "create table t (id int primary key)",
                "alter table t owner to lonely_owner",
                "grant select on t to lonely_reader");
        sourceServer.execute("postgres", "set allow_in_place_tablespaces = on", "create tablespace aside location ''");
        scene.source("create index t_id on t (id) tablespace aside");

        Result refused = scene.run();

        Finding roles = refused.error("roles");
        assertThat(roles.what()).contains("lonely_owner, lonely_reader");
        assertThat(refused.error("tablespaces").what()).contains("aside");
        scene.noOwner = true;
        assertThat(scene.run().error("roles").what())
                .doesNotContain("lonely_owner")
                .contains("lonely_reader");
        scene.noAcl = true;
        assertThat(scene.run().errors("roles")).isEmpty();
        scene.noOwner = false;
        scene.noAcl = false;
        scene.remedyOnTarget(List.of(roles));
        assertThat(scene.run().errors("roles")).isEmpty();
    }

    @Test
    void ownersThatTheTargetsRoleCannotActForRefuse() throws Exception {
        targetServer.execute("postgres", "create role proprietor");
        scene.source(
                "create role proprietor", "create table t (id int primary key)", "alter table t owner to proprietor");
        scene.targetRole("restorer", "");
        scene.target("alter database " + scene.targetDatabase() + " owner to restorer");

        Finding finding = scene.run().error("roles");

        assertThat(finding.what()).contains("\"restorer\" cannot give objects to proprietor");
        scene.remedyOnTarget(List.of(finding));
        assertThat(scene.run().errors("roles")).isEmpty();
    }

    @Test
    void theSameDatabaseOnBothSidesRefuses() throws Exception {
        scene.source("create table t (id int primary key)");
        scene.targetUri = scene.sourceUri;

        assertThat(scene.run().error("same-database").what()).contains(scene.database);
    }

    @Test
    void oneUnreachableSideDoesNotHideTheFindingsOfTheOther() throws Exception {
        scene.source("create table keyless (id int)");
        scene.target("create table in_the_way (id int)");
        String sourceUri = scene.sourceUri;
        scene.sourceUri = sourceUri.replace(sourceServer.password(), "wrong");

        Result noSource = scene.run();
        assertThat(noSource.refusing()).containsExactly("source-connection", "target-empty");
        assertThat(noSource.error("source-connection").toString())
                .contains("password authentication failed")
                .doesNotContain("wrong");

        scene.sourceUri = sourceUri;
        scene.targetUri = "postgresql://nobody@127.0.0.1:1/nowhere?connect_timeout=2";
        assertThat(scene.run().refusing()).containsExactly("target-connection", "replica-identity");
    }

    @Test
    void aFolderWithoutClientToolsRefuses(@org.junit.jupiter.api.io.TempDir java.nio.file.Path empty) throws Exception {
        scene.source("create table t (id int primary key)");
        scene.pgBindir = Optional.of(empty);

        assertThat(scene.run().error("client-tools").why()).contains(empty.toString());
    }

    @Test
    void offlineAsksForNothingThatOnlyTheStreamNeeds() throws Exception {
        scene.mode = Mode.OFFLINE;
        scene.sourceRole("reader", "");
        scene.noOwner = true;
        scene.noAcl = true;
        scene.source("create table keyless (id int)", "grant select on keyless to reader");

        Result result = scene.run();

        assertThat(result.report().errors()).isEmpty();
        assertThat(result.report().validated().orElseThrow().source().systemIdentifier())
                .isPresent();
    }

    private static List<String> names(List<CatalogTable> tables) {
        return tables.stream().map(table -> table.name().name()).toList();
    }
}
