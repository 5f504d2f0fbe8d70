package org.pgmigrator.core.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.VerifyConfig;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Each kind of difference in rows is found and named, and nothing else is.
@ExtendWith(SharedServers.class)
class VerifyRowsIT {

    private static PostgresServer sourceServer;
    private static PostgresServer targetServer;

    private VerifyPair pair;

    @BeforeAll
    static void start(ServerPool servers) {
        sourceServer = servers.source(15);
        targetServer = servers.target(17);
    }

    @BeforeEach
    void databases() throws SQLException {
        pair = new VerifyPair(sourceServer, targetServer);
    }

    private void orders() throws SQLException {
        pair.onBoth(
                "create table orders (id int primary key, customer text, total numeric)",
                "insert into orders select i, 'customer ' || i % 7, i * 1.5 from generate_series(1, 3000) i");
    }

    @Test
    void equalTablesAreEqualByNumberAndByContent() throws Exception {
        orders();

        VerifyReport counts = pair.compare(VerifyLevel.COUNTS);
        VerifyReport content = pair.compareContent();

        assertThat(counts.equal()).isTrue();
        assertThat(counts.rows()).isEqualTo(3000);
        assertThat(content.equal()).isTrue();
        VerifyResult orders = content.results().getFirst();
        assertThat(orders.sourceHash())
                .isEqualTo(orders.targetHash())
                .hasSize(32)
                .doesNotMatch("0*");
        counts.requireEqual();
    }

    @Test
    void aMissingRowIsNamedByItsKey() throws Exception {
        orders();
        pair.onTarget("delete from orders where id = 1234");

        assertThat(pair.onlyDifference(VerifyLevel.COUNTS).differences())
                .containsExactly("the source has 3000 rows, the target 2999");
        VerifyResult found = pair.onlyDifference(VerifyLevel.CONTENT);
        assertThat(found.keys()).containsExactly("id=1234: only on the source");
        assertThat(found.moreKeys()).isZero();
        assertThat(found.sourceSql()).isEqualTo("SELECT * FROM ONLY \"public\".\"orders\" WHERE \"id\" IN ('1234');");
        assertThat(sourceServer.rows(pair.name, found.sourceSql())).containsExactly("1234|customer 2|1851.0");
    }

    @Test
    void anAddedRowIsOnlyOnTheTarget() throws Exception {
        orders();
        pair.onTarget("insert into orders values (-1, 'x', 0)");

        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys()).containsExactly("id=-1: only on the target");
    }

    @Test
    void nullIsNotTheEmptyString() throws Exception {
        orders();
        pair.onSource("update orders set customer = null where id = 7");
        pair.onTarget("update orders set customer = '' where id = 7");

        assertThat(pair.compare(VerifyLevel.COUNTS).equal()).isTrue();
        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys()).containsExactly("id=7: differs in customer");
    }

    @Test
    void valuesThatChangedPlacesAreFound() throws Exception {
        orders();
        pair.onTarget("update orders o set total = p.total from orders p where (o.id, p.id) in ((10, 11), (11, 10))");

        VerifyResult found = pair.onlyDifference(VerifyLevel.CONTENT);
        assertThat(found.differences()).containsExactly("rows differ, though both sides have 3000");
        assertThat(found.keys()).containsExactly("id=10: differs in total", "id=11: differs in total");
    }

    @Test
    void valuesThatMovedToTheNextColumnAreFound() throws Exception {
        pair.onBoth("create table t (id int primary key, a text, b text)");
        pair.onSource("insert into t values (1, 'x,y', 'z')");
        pair.onTarget("insert into t values (1, 'x', 'y,z')");

        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys()).containsExactly("id=1: differs in a, b");
    }

    @Test
    void aByteInTheMiddleOfAnOutOfLineValueIsFound() throws Exception {
        pair.onBoth(
                "create table t (id int primary key, document text)",
                "insert into t select i, string_agg(md5(i || ':' || j), '') from generate_series(1, 5) i,"
                        + " generate_series(1, 10000) j group by i");
        pair.onTarget("update t set document = overlay(document placing '!' from 160001) where id = 3");

        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys()).containsExactly("id=3: differs in document");
    }

    @Test
    void equalRowsWithoutAKeyAreCounted() throws Exception {
        pair.onBoth("create table t (a text)");
        pair.onSource("insert into t values ('x'), ('x'), ('y'), ('y')");
        pair.onTarget("insert into t values ('x'), ('x'), ('x'), ('x')");

        VerifyResult found = pair.onlyDifference(VerifyLevel.CONTENT);
        assertThat(found.sourceRows()).hasValue(4);
        assertThat(found.targetRows()).hasValue(4);
        assertThat(found.keys())
                .containsExactly(
                        "row on the source at (0,1): 2 on the source, 4 on the target",
                        "row on the source at (0,3): 2 on the source, 0 on the target");
        assertThat(sourceServer.rows(pair.name, found.sourceSql())).containsExactly("(0,1)|x", "(0,3)|y");
        assertThat(targetServer.rows(pair.name, found.targetSql())).containsExactly("(0,1)|x");
    }

    @Test
    void aDoubledRowWithoutAKeyIsFound() throws Exception {
        pair.onBoth("create table t (a text, b int)", "insert into t select 'row', i % 3 from generate_series(1, 9) i");
        pair.onTarget("insert into t select 'row', 1");

        assertThat(pair.onlyDifference(VerifyLevel.COUNTS).targetRows()).hasValue(10);
        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys())
                .singleElement()
                .asString()
                .endsWith("3 on the source, 4 on the target");
    }

    @Test
    void aKeyThatIsTwiceOnTheTargetIsFound() throws Exception {
        pair.onSource("create table t (id int primary key deferrable, a text)");
        pair.onTarget("create table t (id int not null, a text)");
        pair.onBoth("insert into t select i, 'a' from generate_series(1, 100) i");
        pair.onTarget("insert into t values (5, 'a')");

        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys())
                .containsExactly("id=5: 1 rows on the source, 2 on the target");
    }

    @Test
    void theOrderOfColumnsDroppedOnesAndTheirTypesDoNotMatter() throws Exception {
        pair.onSource(
                "create table t (gone int, id int primary key, a text, n int)",
                "alter table t drop column gone",
                "insert into t select i, 'a' || i, i from generate_series(1, 100) i");
        pair.onTarget(
                "create table t (n bigint, a varchar(20), id int primary key)",
                "insert into t select i, 'a' || i, i from generate_series(1, 100) i");

        assertThat(pair.compareContent().equal()).isTrue();
    }

    @Test
    void generatedColumnsAreComparedToo() throws Exception {
        pair.onSource("create table t (id int primary key, twice int generated always as (id * 2) stored)");
        pair.onTarget("create table t (id int primary key, twice int generated always as (id * 3) stored)");
        pair.onBoth("insert into t values (1)");

        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys()).containsExactly("id=1: differs in twice");
    }

    @Test
    void tablesAndColumnsOfOneSideAreNamed() throws Exception {
        pair.onSource("create table only_here (a int)", "create table t (id int primary key, a int, b int)");
        pair.onTarget("create table only_there (a int)", "create table t (id int primary key, a int, c int)");
        pair.onBoth("insert into t values (1, 2, 3)");

        for (VerifyLevel level : List.of(VerifyLevel.COUNTS, VerifyLevel.CONTENT)) {
            VerifyReport report = pair.compare(level);
            assertThat(report.differing())
                    .extracting(VerifyResult::object)
                    .containsExactlyInAnyOrder("public.only_here", "public.only_there", "public.t");
            assertThat(VerifyPair.of(report, "public.only_here").orElseThrow().differences())
                    .containsExactly("the target has no such table");
            assertThat(VerifyPair.of(report, "public.only_there").orElseThrow().differences())
                    .containsExactly("the source has no such table");
            assertThat(VerifyPair.of(report, "public.t").orElseThrow().differences())
                    .containsExactly(
                            "columns that the target does not have: b", "columns that the source does not have: c");
            assertThatThrownBy(report::requireEqual)
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("VERIFICATION_MISMATCH: 3 of 3 tables");
        }
    }

    @Test
    void aPartitionedTableThatIsDividedOtherwiseIsComparedAsAWhole() throws Exception {
        String root = "create table m (id int primary key, a text) partition by range (id)";
        pair.onSource(
                root,
                "create table m1 partition of m for values from (0) to (100)",
                "create table m2 partition of m for values from (100) to (200)");
        pair.onTarget(
                root,
                "create table m_all partition of m for values from (0) to (150)",
                "create table m_rest partition of m for values from (150) to (200)");
        pair.onBoth("insert into m select i, 'a' from generate_series(0, 199) i");

        VerifyReport equal = pair.compareContent();
        assertThat(equal.equal()).as("%s", equal).isTrue();
        assertThat(equal.results()).extracting(VerifyResult::object).containsExactly("public.m");

        pair.onTarget("update m set a = 'b' where id = 160");
        VerifyResult found = pair.onlyDifference(VerifyLevel.CONTENT);
        assertThat(found.keys()).containsExactly("id=160: differs in a");
        assertThat(targetServer.rows(pair.name, found.targetSql())).containsExactly("160|b");
    }

    @Test
    void theRowsOfAPartitionedTableAreComparedPartitionByPartition() throws Exception {
        pair.onBoth(
                "create table m (id int, a text) partition by range (id)",
                "create table m1 partition of m for values from (0) to (100)",
                "create table m2 partition of m for values from (100) to (200)",
                "create table child (id int, a text)",
                "create table heir () inherits (child)",
                "insert into m select i, 'a' from generate_series(0, 199) i",
                "insert into child values (1, 'a')",
                "insert into heir values (2, 'b')");

        assertThat(pair.compareContent().results())
                .extracting(
                        result -> result.object() + " " + result.sourceRows().orElse(-1))
                .containsExactlyInAnyOrder("public.m1 100", "public.m2 100", "public.child 1", "public.heir 1");
    }

    @Test
    void ofManyDifferencesSomeAreListedAndTheRestIsCounted() throws Exception {
        orders();
        pair.config = new VerifyConfig(2, 5);
        pair.onTarget("update orders set customer = 'nobody' where id <= 100");

        VerifyResult found = pair.onlyDifference(VerifyLevel.CONTENT);
        assertThat(found.keys()).hasSize(5).allMatch(key -> key.endsWith(": differs in customer"));
        assertThat(found.moreKeys()).isEqualTo(95);
    }

    @Test
    void ofALargeTableThatDiffersEverywhereOnlySomeRowsAreLookedAt() throws Exception {
        pair.onBoth(
                "create table t (id int primary key, a text)",
                "insert into t select i, 'a' from generate_series(1, 100000) i");
        pair.onTarget("update t set a = 'b'");

        VerifyResult found = pair.onlyDifference(VerifyLevel.CONTENT);
        assertThat(found.keys()).hasSize(VerifyConfig.DEFAULT_LISTED_KEYS);
        assertThat(found.moreKeys()).isBetween(20_000L, 100_000L);
    }

    @Test
    void aKeyOfSeveralColumnsIsNamedAndQuoted() throws Exception {
        pair.onBoth(
                "create table \"Odd \"\"T\" (\"a b\" text, d date, v int, primary key (\"a b\", d))",
                "insert into \"Odd \"\"T\" values ('it''s \\ one', '2020-02-29', 1), ('b', '0044-03-15 BC', 1)");
        pair.onTarget("update \"Odd \"\"T\" set v = 2");

        VerifyResult found = pair.onlyDifference(VerifyLevel.CONTENT);
        assertThat(found.keys())
                .containsExactly("a b=b, d=0044-03-15 BC: differs in v", "a b=it's \\ one, d=2020-02-29: differs in v");
        assertThat(sourceServer.rows(pair.name, found.sourceSql())).hasSize(2);
    }

    @Test
    void aTableOfManyBlocksIsReadInPartsAndTheOneRowIsFound() throws Exception {
        pair.onBoth(
                "create table t (id int primary key, a text)",
                "alter table t alter a set storage plain",
                "insert into t select i, repeat('x', 6000) from generate_series(1, 12000) i");
        pair.onSource("delete from t where id = 1; insert into t values (1, repeat('x', 6000))");
        assertThat(pair.compareContent().equal()).isTrue();

        pair.onTarget("update t set a = a || 'y' where id = 11999");
        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys()).containsExactly("id=11999: differs in a");
    }

    @Test
    void onlyWhatTheFilterCarriesIsCompared() throws Exception {
        pair.filter = new FilterConfig(List.of(), List.of(), List.of(), List.of(new QualifiedName("public", "u")));
        pair.onBoth("create table t (a int)", "create table u (a int)");
        pair.onTarget("insert into u values (1)", "create schema pgmigrator", "create table pgmigrator.state (a int)");

        VerifyReport report = pair.compareContent();
        assertThat(report.equal()).isTrue();
        assertThat(report.results()).extracting(VerifyResult::object).containsExactly("public.t");
    }

    @Test
    void databasesOfDifferentEncodingsAreComparedByCharacter() throws Exception {
        sourceServer.execute(
                "postgres",
                "drop database \"" + pair.name + "\"",
                "create database \"" + pair.name + "\" template template0 encoding 'LATIN1' locale 'C'");
        pair.onBoth("create table t (id int primary key, a text)", "insert into t values (1, 'Grüße'), (2, 'abc')");

        assertThat(pair.compareContent().equal()).isTrue();

        pair.onTarget("update t set a = 'Grüsse' where id = 1");
        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys()).containsExactly("id=1: differs in a");
    }

    @Test
    void noTablesAtAllAreEqual() throws InterruptedException, TimeoutException {
        VerifyReport report = pair.compareContent();

        assertThat(report.equal()).isTrue();
        assertThat(report.extent()).isEqualTo("0 tables, 0 rows");
        assertThat(report.source().lsn().toString()).isNotEqualTo("0/0");
        assertThat(report.applied()).isEmpty();
    }

    @Test
    void aTableWithoutColumnsHasRowsAllTheSame() throws Exception {
        pair.onBoth("create table t ()", "insert into t default values", "insert into t default values");
        assertThat(pair.compareContent().equal()).isTrue();

        pair.onTarget("insert into t default values");
        assertThat(pair.onlyDifference(VerifyLevel.CONTENT).keys()).hasSize(1);
    }
}
