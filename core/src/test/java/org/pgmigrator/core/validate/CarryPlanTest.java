package org.pgmigrator.core.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig.WithoutIdentity;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.CatalogTable.CatalogColumn;
import org.pgmigrator.core.postgres.CatalogTable.ColumnIdentity;
import org.pgmigrator.core.postgres.CatalogTable.Identity;
import org.pgmigrator.core.postgres.CatalogTable.IdentityIndex;

final class CarryPlanTest {

    private static final CatalogTable ROOT = table("root", true, null, true);
    private static final CatalogTable LEAF_1 = table("leaf1", false, "root", true);
    private static final CatalogTable LEAF_2 = table("leaf2", false, "root", true);
    private static final CatalogTable LEAF_WITHOUT = table("leaf3", false, "root", false);
    private static final CatalogTable PLAIN = table("plain", false, null, true);

    @Test
    void aRootStandsForItsPartitionsWhenAllOfThemAreCarried() {
        CarryPlan plan = plan(WithoutIdentity.FAIL, FilterConfig.EVERYTHING, LEAF_1, LEAF_2, PLAIN, ROOT);

        assertThat(names(plan.published())).containsExactly("plain", "root");
        assertThat(names(plan.streamed())).containsExactly("leaf1", "leaf2", "plain");
        assertThat(names(plan.carried())).containsExactly("leaf1", "leaf2", "plain", "root");
    }

    @Test
    void partitionsGoWithTheirRootWhateverTheFilterSaysOfThem() {
        assertThat(names(plan(WithoutIdentity.FAIL, excluding("leaf2"), LEAF_1, LEAF_2, PLAIN, ROOT)
                        .published()))
                .containsExactly("plain", "root");
        assertThat(names(plan(WithoutIdentity.FAIL, excluding("root"), LEAF_1, LEAF_2, PLAIN, ROOT)
                        .carried()))
                .containsExactly("plain");
    }

    @Test
    void anIncludedRootBringsItsPartitions() {
        FilterConfig filter =
                new FilterConfig(List.of(), List.of(), List.of(new QualifiedName("public", "root")), List.of());

        CarryPlan plan = plan(WithoutIdentity.FAIL, filter, LEAF_1, LEAF_2, PLAIN, ROOT);

        assertThat(names(plan.published())).containsExactly("root");
        assertThat(names(plan.streamed())).containsExactly("leaf1", "leaf2");
    }

    @Test
    void aRootWithoutPartitionsIsListedForThoseToCome() {
        assertThat(names(plan(WithoutIdentity.INSERT_ONLY, FilterConfig.EVERYTHING, ROOT)
                        .published()))
                .containsExactly("root");
        assertThat(plan(WithoutIdentity.INSERT_ONLY, FilterConfig.EVERYTHING, ROOT)
                        .insertOnly())
                .isEmpty();
    }

    @Test
    void onePartitionWithoutIdentitySplitsItsRootBetweenThePublications() {
        CarryPlan plan = plan(WithoutIdentity.INSERT_ONLY, FilterConfig.EVERYTHING, LEAF_1, LEAF_2, LEAF_WITHOUT, ROOT);

        assertThat(names(plan.published())).containsExactly("leaf1", "leaf2");
        assertThat(names(plan.insertOnly())).containsExactly("leaf3");
        assertThat(names(plan.withoutIdentity())).containsExactly("leaf3");
    }

    @Test
    void aRootOfPartitionsWithoutIdentityIsListedForInsertsOnly() {
        CarryPlan plan = plan(WithoutIdentity.INSERT_ONLY, FilterConfig.EVERYTHING, LEAF_WITHOUT, PLAIN, ROOT);

        assertThat(names(plan.published())).containsExactly("plain");
        assertThat(names(plan.insertOnly())).containsExactly("root");
    }

    @Test
    void fullKeepsTablesWithoutIdentityInTheFirstPublication() {
        CarryPlan plan = plan(WithoutIdentity.FULL, FilterConfig.EVERYTHING, LEAF_1, LEAF_WITHOUT, ROOT);

        assertThat(names(plan.published())).containsExactly("root");
        assertThat(plan.insertOnly()).isEmpty();
        assertThat(names(plan.withoutIdentity())).containsExactly("leaf3");
    }

    @Test
    void fullIsNoIdentityForGeneratedColumnsFromVersion18On() {
        CatalogColumn generated = new CatalogColumn(2, "twice", "integer", false, true, ColumnIdentity.NONE);
        CatalogTable table = new CatalogTable(
                1,
                new QualifiedName("public", "t"),
                false,
                false,
                false,
                1,
                Optional.empty(),
                Optional.empty(),
                Identity.FULL,
                Optional.empty(),
                List.of(generated),
                0,
                0);

        assertThat(IdentityRule.isUsable(table, 17)).isTrue();
        assertThat(IdentityRule.isUsable(table, 18)).isFalse();
    }

    private static CarryPlan plan(WithoutIdentity withoutIdentity, FilterConfig filter, CatalogTable... tables) {
        return CarryPlan.of(List.of(tables), filter, withoutIdentity, 17);
    }

    private static FilterConfig excluding(String table) {
        return new FilterConfig(List.of(), List.of(), List.of(), List.of(new QualifiedName("public", table)));
    }

    private static List<String> names(List<CatalogTable> tables) {
        return tables.stream().map(table -> table.name().name()).toList();
    }

    private static CatalogTable table(
            String name, boolean partitioned, @org.jspecify.annotations.Nullable String root, boolean hasIdentity) {
        Optional<QualifiedName> parent =
                root == null ? Optional.empty() : Optional.of(new QualifiedName("public", root));
        return new CatalogTable(
                name.hashCode(),
                new QualifiedName("public", name),
                partitioned,
                false,
                false,
                1,
                parent,
                parent,
                Identity.DEFAULT,
                hasIdentity ? Optional.of(new IdentityIndex(name + "_pkey", List.of("id"), false)) : Optional.empty(),
                List.of(),
                0,
                0);
    }
}
