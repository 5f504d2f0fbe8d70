package org.pgmigrator.core.uncarried;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;

/// Materialized views are refreshed each after those that it reads.
class MaterializedViewsIT extends UncarriedServers {

    MaterializedViewsIT() {
        super(15, 17);
    }

    /// The names are against the order. The last reads by way of a view and of a function with a parsed body.
    private static final String[] CHAIN = {
        "create table t (id int)",
        "create materialized view z as select count(*) as n, max(id) as top from t",
        "create view w as select n + 1 as n, top from z",
        "create materialized view \"M y\" as select n * 10 as n, top from w",
        "create function read_y() returns bigint stable language sql begin atomic select n from \"M y\"; end",
        "create view v as select read_y() as n",
        "create materialized view a as select n * 10 as n from v",
        "create materialized view unread as select id from t with no data",
    };

    @Test
    void eachComesAfterThoseThatItReads() throws Exception {
        pair.onBoth(CHAIN);
        pair.onBoth("insert into t values (1), (2), (3)");
        pair.onSource(
                "refresh materialized view z", "refresh materialized view \"M y\"", "refresh materialized view a");
        pair.prepare();

        MaterializedViews.Result result = pair.refresh();

        assertThat(result).isEqualTo(new MaterializedViews.Result(3, 0));
        pair.requireSame("select * from z");
        pair.requireSame("select * from \"M y\"");
        pair.requireSame("select * from a");
        assertThat(pair.targetValue("select n from a")).isEqualTo("400");
        assertThat(pair.targetValue("select relispopulated from pg_class where relname = 'unread'"))
                .isEqualTo("f");
        assertThat(pair.refresh()).isEqualTo(result);
    }

    @Test
    void whatIsNotPopulatedOnTheSourceIsEmptied() throws Exception {
        pair.onBoth(CHAIN);
        pair.onSource("refresh materialized view a with no data");
        pair.prepare();

        assertThat(pair.refresh()).isEqualTo(new MaterializedViews.Result(2, 1));

        pair.requireSame("select relname, relispopulated from pg_class where relkind = 'm' order by 1");
    }

    @Test
    void anErrorNamesTheView() throws Exception {
        pair.onBoth("create table t (id int)", "create materialized view ratio as select 1 / id from t");
        pair.onTarget("insert into t values (0)");
        pair.prepare();

        assertThatThrownBy(() -> pair.refresh()).isInstanceOfSatisfying(MigrationException.class, failed -> {
            assertThat(failed.failure().kind()).isEqualTo(FailureKind.TARGET_FAILED);
            assertThat(failed.failure().what()).contains("public.ratio");
            assertThat(failed.failure().why()).contains("division by zero");
        });
    }

    @Test
    void oneThatIsNotOnTheTargetIsAnError() throws Exception {
        pair.onSource("create materialized view late as select 1");
        pair.prepare();

        assertThatThrownBy(() -> pair.refresh()).hasMessageContaining("public.late");

        pair.filter(new FilterConfig(List.of(), List.of(), List.of(), List.of(new QualifiedName("public", "late"))));
        pair.prepare();
        assertThat(pair.refresh()).isEqualTo(new MaterializedViews.Result(0, 0));
    }

    @Test
    void whatThereIsIsFoundBeforehand() throws Exception {
        pair.onBoth(CHAIN);
        pair.onSource("create unlogged table u (id int)", "select lo_create(1000)");

        Found found;
        try (Connection connection = pair.sourceServer.connect(pair.name)) {
            found = Uncarried.find(connection, pair.carried(), FilterConfig.EVERYTHING);
        }

        assertThat(found.unloggedTables())
                .singleElement()
                .satisfies(table -> assertThat(table.name()).isEqualTo(new QualifiedName("public", "u")));
        assertThat(found.largeObjects().count()).isEqualTo(1);
        assertThat(found.largeObjects().readable()).isTrue();
        assertThat(found.largeObjects().lockable()).isTrue();
        assertThat(found.materializedViews())
                .extracting(view -> view.name().name() + " " + view.populated())
                .containsExactly("M y true", "a true", "unread false", "z true");
    }
}
