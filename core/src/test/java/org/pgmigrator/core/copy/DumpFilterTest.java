package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.CarriedContents.ForeignKey;
import org.pgmigrator.core.copy.CarriedContents.Relation;

class DumpFilterTest {

    private static final QualifiedName ORDERS = new QualifiedName("app", "orders");
    private static final QualifiedName EVENTS = new QualifiedName("app", "events");
    private static final QualifiedName EVENTS_1 = new QualifiedName("app", "events_1");
    private static final QualifiedName AUDIT = new QualifiedName("audit", "log");

    private static final List<Relation> RELATIONS = List.of(
            relation(1, ORDERS, 'r', Optional.empty()),
            sequence(2, new QualifiedName("app", "orders_id_seq"), List.of(1L), List.of(1L)),
            relation(3, EVENTS, 'p', Optional.empty()),
            relation(4, EVENTS_1, 'r', Optional.of(EVENTS)),
            relation(5, AUDIT, 'r', Optional.empty()),
            sequence(6, new QualifiedName("app", "numbers"), List.of(), List.of(5L)));

    private static final List<String> SCHEMAS = List.of("app", "audit", "public");

    @Test
    void quotesAPatternSoThatItMatchesOneNameOnly() {
        assertThat(DumpFilter.pattern("a.b")).isEqualTo("\"a.b\"");
        assertThat(DumpFilter.pattern("say \"Hi\"*")).isEqualTo("\"say \"\"Hi\"\"*\"");
    }

    @Test
    void leavesOutOnlyItsOwnSchemaWhenThereIsNoFilter() {
        assertThat(filter(FilterConfig.EVERYTHING).options(SCHEMAS, List.of()))
                .containsExactly("--exclude-schema=\"pgmigrator\"");
    }

    @Test
    void writesAnIncludedTableAsItsSchemaLessTheOtherRelations() {
        DumpFilter filter = filter(new FilterConfig(List.of(), List.of(), List.of(ORDERS), List.of()));

        assertThat(filter.options(SCHEMAS, List.of("uuid-ossp")))
                .containsExactly(
                        "--exclude-schema=\"pgmigrator\"",
                        "--schema=\"app\"",
                        "--extension=\"uuid-ossp\"",
                        "--exclude-table=\"app\".\"events\"",
                        "--exclude-table=\"app\".\"events_1\"",
                        "--exclude-table=\"app\".\"numbers\"");
    }

    @Test
    void takesAPartitionWithItsRootAndASequenceWithItsTable() {
        DumpFilter onlyEvents = filter(new FilterConfig(List.of(), List.of(), List.of(EVENTS), List.of()));
        DumpFilter withoutOrders = filter(new FilterConfig(List.of(), List.of(), List.of(), List.of(ORDERS)));
        DumpFilter onlyAudit = filter(new FilterConfig(List.of("audit"), List.of(), List.of(), List.of()));

        assertThat(onlyEvents.carries(4)).isTrue();
        assertThat(onlyEvents.carries(2)).isFalse();
        assertThat(withoutOrders.carries(2)).isFalse();
        assertThat(onlyAudit.carries(6)).isTrue();
    }

    @Test
    void namesAnExcludeThatDoesNothing() {
        DumpFilter filter = filter(new FilterConfig(
                List.of(), List.of("nowhere"), List.of(), List.of(EVENTS_1, new QualifiedName("app", "typo"))));

        assertThat(filter.carries(4)).isTrue();
        assertThat(filter.withoutEffect(SCHEMAS))
                .containsExactly(
                        "The excluded schema \"nowhere\" does not exist on the source.",
                        "The excluded app.events_1 is copied all the same, because it belongs to app.events.",
                        "The excluded table app.typo does not exist on the source.");
    }

    @Test
    void refusesAnIncludeThatIsNotThere() {
        DumpFilter filter = filter(new FilterConfig(
                List.of("App"), List.of(), List.of(EVENTS_1, new QualifiedName("app", "typo")), List.of()));

        assertThat(filter.mistakes(SCHEMAS))
                .containsExactly(
                        "the source has no schema \"App\"",
                        "the source has no table app.typo",
                        "app.events_1 is a partition: include app.events");
    }

    @Test
    void findsForeignKeysThatCannotExistOnTheTarget() {
        ForeignKey toAudit = new ForeignKey(10, "orders_audit_fk", 1, 5);
        ForeignKey inside = new ForeignKey(11, "orders_events_fk", 1, 3);
        ForeignKey between = new ForeignKey(12, "audit_orders_fk", 5, 1);

        assertThat(filter(new FilterConfig(List.of(), List.of("audit"), List.of(), List.of()))
                        .impossible(List.of(toAudit, inside, between)))
                .containsExactly(toAudit);
    }

    private static DumpFilter filter(FilterConfig config) {
        return new DumpFilter(config, RELATIONS);
    }

    private static Relation relation(long oid, QualifiedName name, char kind, Optional<QualifiedName> root) {
        return new Relation(oid, name, kind, root, List.of(), List.of(), 0);
    }

    private static Relation sequence(long oid, QualifiedName name, List<Long> owners, List<Long> users) {
        return new Relation(oid, name, 'S', Optional.empty(), owners, users, 0);
    }
}
