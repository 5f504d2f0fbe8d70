package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.copy.TableOfContents.Entry;
import org.pgmigrator.core.copy.TableOfContents.Origin;

class TableOfContentsTest {

    private static final List<String> LINES = List.of(
            ";",
            "; Archive created at 2026-11-21 08:09:14 UTC",
            ";     dbname: shop",
            "8; 2615 16386 SCHEMA - My.Sch\"ema postgres",
            "9; 2615 16387 SCHEMA - pgmigrator postgres",
            "10; 2615 16388 SCHEMA - pgmigrator_of_ours postgres",
            "2; 3079 16388 EXTENSION - hstore ",
            "219; 1259 16522 TABLE app t postgres",
            "3406; 0 16522 TABLE DATA app t postgres",
            "3256; 2606 16547 FK CONSTRAINT public ch ch_tid_fkey postgres",
            "3400; 6104 16566 PUBLICATION - pg_migrator postgres",
            "3424; 0 0 COMMENT - PUBLICATION pg_migrator postgres",
            "3401; 6104 16569 PUBLICATION - pg_migrator_of_theirs postgres",
            "3402; 6106 16567 PUBLICATION TABLE My schema pg_migrator t postgres",
            "3404; 6106 16570 PUBLICATION TABLE public pg_migrator_of_theirs ch postgres");

    private final TableOfContents contents = TableOfContents.parse(LINES);

    @Test
    void readsEveryEntryAndGivesBackTheSameLines() {
        assertThat(contents.entries())
                .extracting(Entry::line)
                .containsExactlyElementsOf(
                        LINES.stream().filter(line -> !line.startsWith(";")).toList());
    }

    @Test
    void takesOutOurPublicationItsMembersAndOurSchemaAlone() {
        Set<Origin> ours = Set.of(
                new Origin(Origin.PG_PUBLICATION, 16566),
                new Origin(Origin.PG_PUBLICATION_REL, 16567),
                new Origin(Origin.PG_CONSTRAINT, 16547));

        TableOfContents rest = contents.without(TableOfContents.ownObjects(ours, Set.of("pg_migrator"), "pgmigrator"));

        assertThat(rest.entries()).extracting(Entry::dumpId).containsExactly(8, 10, 2, 219, 3406, 3401, 3404);
    }

    @Test
    void doesNotTakeAnOidForThatOfAnotherCatalogue() {
        TableOfContents rest = contents.without(
                TableOfContents.ownObjects(Set.of(new Origin(Origin.PG_PUBLICATION, 16522)), Set.of(), "pgmigrator"));

        assertThat(rest.entries()).extracting(Entry::dumpId).contains(219, 3406);
    }

    @Test
    void namesAnObjectWithoutItsOwner() {
        assertThat(contents.byDumpId().get(219)).extracting(Entry::object).isEqualTo("TABLE app t");
        assertThat(contents.byDumpId().get(2)).extracting(Entry::object).isEqualTo("EXTENSION - hstore");
    }
}
