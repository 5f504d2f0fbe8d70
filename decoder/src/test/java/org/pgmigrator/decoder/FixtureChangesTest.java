package org.pgmigrator.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.pgmigrator.decoder.Fixtures.Fixture;
import org.pgmigrator.decoder.PgOutputMessage.Begin;
import org.pgmigrator.decoder.PgOutputMessage.Commit;
import org.pgmigrator.decoder.PgOutputMessage.Insert;
import org.pgmigrator.decoder.PgOutputMessage.LogicalMessage;
import org.pgmigrator.decoder.PgOutputMessage.Origin;
import org.pgmigrator.decoder.PgOutputMessage.Relation;

/// What changes mean, on every major. The SQL is at the head of each fixture.
class FixtureChangesTest {

    @TestFactory
    List<DynamicTest> thePrimaryKeyIsSentOnlyWhenItChanges() {
        return onEveryMajor(
                "identity-default",
                fixture -> assertThat(Sketch.of(fixture.messages()))
                        .containsExactly(
                                "Relation public.item DEFAULT [id*, name, price]",
                                "Insert item ['1', 'hammer', '9.90']",
                                "Insert item ['2', 'saw', '19.00']",
                                "Update item -> ['1', 'hammer', '8.50']",
                                "Update item key ['2', null, null] -> ['3', 'saw', '19.00']",
                                "Delete item key ['1', null, null]",
                                "Relation public.keyless DEFAULT [id]",
                                "Insert keyless ['7']"));
    }

    @TestFactory
    List<DynamicTest> fullIdentitySendsTheWholeOldRowAndItsNulls() {
        return onEveryMajor(
                "identity-full",
                fixture -> assertThat(Sketch.of(fixture.messages()))
                        .containsExactly(
                                "Relation public.item FULL [id*, name*]",
                                "Insert item ['1', 'hammer']",
                                "Insert item ['2', null]",
                                "Update item full ['1', 'hammer'] -> ['1', 'mallet']",
                                "Delete item full ['2', null]"));
    }

    @TestFactory
    List<DynamicTest> anIndexIdentitySendsTheColumnsOfTheIndexInTheOrderOfTheTable() {
        return onEveryMajor(
                "identity-index",
                fixture -> assertThat(Sketch.of(fixture.messages()))
                        .containsExactly(
                                "Relation public.item INDEX [id, a*, b*]",
                                "Insert item ['1', '10', 'x']",
                                "Update item -> ['2', '10', 'x']",
                                "Update item key [null, '10', 'x'] -> ['2', '10', 'y']",
                                "Delete item key [null, '10', 'y']"));
    }

    @TestFactory
    List<DynamicTest> noIdentityHasNoKeyInSpiteOfAPrimaryKey() {
        return onEveryMajor(
                "identity-nothing",
                fixture -> assertThat(Sketch.of(fixture.messages()))
                        .containsExactly("Relation public.item NOTHING [id]", "Insert item ['1']"));
    }

    @TestFactory
    List<DynamicTest> unchangedToastIsNotSentInTheNewRow() {
        return onEveryMajor(
                "toast",
                fixture -> assertThat(Sketch.of(fixture.messages()))
                        .containsExactly(
                                "Relation public.document DEFAULT [id*, body, views]",
                                "Insert document ['1', 2100 times 'd', '0']",
                                "Update document -> ['1', unchanged, '1']",
                                "Update document key ['1', null, null] -> ['2', unchanged, '1']",
                                "Relation public.by_text DEFAULT [key*, views]",
                                "Insert by_text [2100 times 'k', '0']",
                                // The key was not changed: a toasted one is sent all the same.
                                "Update by_text key [2100 times 'k', null] -> [unchanged, '1']",
                                "Delete by_text key [2100 times 'k', null]",
                                "Relation public.by_all FULL [body*, views*]",
                                "Insert by_all [2100 times 'a', '0']",
                                "Update by_all full [2100 times 'a', '0'] -> [unchanged, '1']"));
    }

    @TestFactory
    List<DynamicTest> nullEmptyAndTheWordNullAreThreeThings() {
        return onEveryMajor(
                "nulls",
                fixture -> assertThat(Sketch.of(fixture.messages()))
                        .containsExactly(
                                "Relation public.item DEFAULT [id*, a, b, c]",
                                "Insert item ['1', null, '', '{}']",
                                "Insert item ['2', '', 'NULL', '{NULL,1}']",
                                "Update item -> ['1', '', null, '{}']",
                                "Relation public.no_columns DEFAULT []",
                                "Insert no_columns []"));
    }

    @TestFactory
    List<DynamicTest> truncateNamesAllItsTablesAndItsFlags() {
        return onEveryMajor(
                "truncate",
                fixture -> assertThat(Sketch.of(fixture.messages()))
                        .filteredOn(line -> line.startsWith("Truncate"))
                        .containsExactly(
                                "Truncate [child]",
                                "Truncate [parent, child]",
                                "Truncate [parent, child] cascade",
                                "Truncate [child] restart identity",
                                "Truncate [parent, child] restart identity cascade"));
    }

    @TestFactory
    List<DynamicTest> userTypesAreAnnouncedAndADomainByItsBaseType() {
        return onEveryMajor("types", fixture -> {
            assertThat(Sketch.of(fixture.messages()))
                    .containsExactly(
                            "Type public.mood",
                            "Type public._mood",
                            "Type pg_catalog.int4",
                            "Type public.point3d",
                            "Type public.hstore",
                            "Relation public.item DEFAULT [id*, mood, moods, amount, place, tags, code, price]",
                            "Insert item ['1', 'calm', '{angry,calm}', '5', '(1,2,3)', '\"a\"=>\"1\", \"b\"=>NULL',"
                                    + " 'x', '1.50']");
            List<PgOutputMessage.Type> types = fixture.messages(PgOutputMessage.Type.class);
            List<Relation.Column> columns = fixture.only(Relation.class).columns();
            assertThat(columns.subList(1, 6))
                    .extracting(Relation.Column::typeOid)
                    .containsExactlyElementsOf(
                            types.stream().map(PgOutputMessage.Type::oid).toList());
            assertThat(columns.get(6)).as("varchar(12)").isEqualTo(new Relation.Column(false, "code", 1043, 12 + 4));
            assertThat(columns.get(7))
                    .as("numeric(8, 2)")
                    .isEqualTo(new Relation.Column(false, "price", 1700, (8 << 16 | 2) + 4));
        });
    }

    @TestFactory
    List<DynamicTest> binaryValuesAreThoseOfTheSendFunctions() {
        return onEveryMajor(
                "binary",
                fixture -> assertThat(Sketch.of(fixture.messages()))
                        .containsExactly(
                                "Type public.mood",
                                "Relation public.item DEFAULT [id*, big, ratio, name, data, mood, happened]",
                                "Insert item [0x00000102, 0xffffffffffffffff, 0x3fe0000000000000, 0x5a6fc3ab, 0x00ff,"
                                        + " 0x616e677279, 0x00000000000f4240]",
                                "Insert item [0x00000001, null, null, 0x, null, null, null]",
                                "Update item key [0x00000001, null, null, null, null, null, null]"
                                        + " -> [0x00000002, null, null, 0x, null, null, null]"));
    }

    @TestFactory
    List<DynamicTest> namesComeWithoutQuotesAndInFullLength() {
        String longest = "ä".repeat(31) + "1";
        return onEveryMajor(
                "names",
                fixture -> assertThat(Sketch.of(fixture.messages()))
                        .containsExactly(
                                "Type Sales & Co..Größe \"L\"",
                                "Relation Sales & Co..odd \"table\" name DEFAULT [Select*, größe]",
                                "Insert odd \"table\" name ['1', 'a']",
                                "Relation public." + longest + " DEFAULT [b b]",
                                "Insert " + longest + " ['1']"));
    }

    @TestFactory
    List<DynamicTest> pgCatalogIsSpeltOutThoughTheServerDoesNot() {
        return onEveryMajor("pg-catalog", fixture -> {
            assertThat(Sketch.of(fixture.messages()))
                    .containsExactly(
                            "Type pg_catalog.int4",
                            "Relation pg_catalog.own_table NOTHING [id]",
                            "Insert own_table ['1']");
            assertThat(fixture.bytes())
                    .allSatisfy(message -> assertThat(new String(message, StandardCharsets.UTF_8))
                            .doesNotContain("pg_catalog"));
        });
    }

    @TestFactory
    List<DynamicTest> aChangedTableIsAnnouncedAgainWithoutDroppedOrGeneratedColumns() {
        return onEveryMajor("relation-change", fixture -> {
            assertThat(Sketch.of(fixture.messages()))
                    .containsExactly(
                            "Relation public.item DEFAULT [id*, name]",
                            "Insert item ['1', 'a']",
                            "Relation public.item DEFAULT [id*, name, added]",
                            "Insert item ['2', 'b', 'new']",
                            "Relation public.item DEFAULT [id*, added]",
                            "Insert item ['3', 'new']");
            assertThat(fixture.messages(Relation.class))
                    .extracting(Relation::oid)
                    .containsOnly(fixture.messages(Relation.class).getFirst().oid());
        });
    }

    @TestFactory
    List<DynamicTest> messagesComeInTheirTransactionOrAtOnce() {
        return onEveryMajor("messages", fixture -> {
            assertThat(fixture.messages().stream().map(message -> (Object) message.getClass()))
                    .containsExactly(
                            Begin.class,
                            LogicalMessage.class,
                            Commit.class,
                            LogicalMessage.class,
                            LogicalMessage.class);
            List<LogicalMessage> messages = fixture.messages(LogicalMessage.class);
            assertThat(messages)
                    .extracting(LogicalMessage::prefix)
                    .containsExactly("committed", "at once", "rolled back");
            assertThat(messages).extracting(LogicalMessage::transactional).containsExactly(true, false, false);
            assertThat(messages.get(0).content()).isEqualTo(Bytes.ofUtf8("Zoë"));
            assertThat(messages.get(1).content().toByteArray()).containsExactly(0x00, 0xFF);
            assertThat(messages.get(2).content().length()).isZero();
            assertThat(messages).isSortedAccordingTo(Comparator.comparing(LogicalMessage::lsn));
        });
    }

    @TestFactory
    List<DynamicTest> aReplicatedTransactionKeepsTheTimeOfItsOrigin() {
        return onEveryMajor("origin", fixture -> {
            assertThat(fixture.only(Origin.class)).isEqualTo(new Origin(Lsn.parse("1/ABCDEF"), "upstream ü"));
            assertThat(fixture.only(Begin.class).commitTime()).isEqualTo(Instant.parse("2020-01-02T03:04:05Z"));
            assertThat(fixture.only(Commit.class).commitTime()).isEqualTo(Instant.parse("2020-01-02T03:04:05Z"));
        });
    }

    @TestFactory
    List<DynamicTest> aTransactionBeginsWithThePlaceOfItsCommit() {
        return onEveryMajor("identity-default", fixture -> {
            List<Begin> begins = fixture.messages(Begin.class);
            List<Commit> commits = fixture.messages(Commit.class);
            assertThat(begins).hasSize(5).hasSameSizeAs(commits);
            for (int i = 0; i < begins.size(); i++) {
                Commit commit = commits.get(i);
                assertThat(begins.get(i).finalLsn()).isEqualTo(commit.commitLsn());
                assertThat(begins.get(i).commitTime()).isEqualTo(commit.commitTime());
                assertThat(commit.endLsn()).isGreaterThan(commit.commitLsn());
            }
            assertThat(begins).extracting(Begin::xid).doesNotHaveDuplicates().allMatch(xid -> xid > 700);
            assertThat(commits).isSortedAccordingTo(Comparator.comparing(Commit::endLsn));
            assertThat(fixture.messages(Insert.class)).extracting(Insert::xid).containsOnly(0L);
        });
    }

    private static List<DynamicTest> onEveryMajor(String scenario, Consumer<Fixture> test) {
        List<Fixture> fixtures = Fixtures.of(scenario);
        assertThat(fixtures).extracting(Fixture::major).containsExactly(14, 15, 16, 17, 18);
        return fixtures.stream()
                .map(fixture -> DynamicTest.dynamicTest("PostgreSQL " + fixture.major(), () -> test.accept(fixture)))
                .toList();
    }
}
