package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

@ExtendWith(SharedServers.class)
class TargetCleanerIT {

    /// One of everything that has to be dropped in its own way.
    private static final String[] KINDS = {
        "create aggregate public.total(integer) (sfunc = int4pl, stype = integer)",
        "create aggregate public.counted(*) (sfunc = int8inc, stype = bigint, initcond = '0')",
        "create procedure public.p(inout i integer) language sql as 'select 1'",
        "create function public.same(a integer, b integer) returns boolean language sql as 'select $1 = $2'",
        "create operator public.=== (leftarg = integer, rightarg = integer, function = public.same)",
        "create operator class public.ops for type integer using btree as operator 1 <, operator 3 =, "
                + "function 1 btint4cmp(integer, integer)",
        "create type public.range as range (subtype = float8)",
        "create type public.pair as (a integer)",
        "create domain public.small as integer",
        "create collation public.coll (locale = 'C')",
        "create statistics public.stats on i, j from public.t",
        "create text search configuration public.conf (copy = simple)",
        "create text search dictionary public.dict (template = simple)",
        "create conversion public.conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
        "create cast (public.pair as text) with inout",
        "create foreign data wrapper wrapper",
        "create server remote foreign data wrapper wrapper",
        "create foreign table public.\"far \"\"away\" (i integer) server remote",
        "create view public.v as select * from public.t",
        "create materialized view public.mv as select * from public.t",
        "create sequence public.alone",
        "create publication pub for table public.t",
        "create extension hstore schema public",
        "create function public.on_ddl() returns event_trigger language plpgsql as 'begin end'",
        "create event trigger on_ddl on sql_drop execute function public.on_ddl()",
    };

    private static final AtomicInteger COUNTER = new AtomicInteger();

    private static PostgresServer server;

    private String name;
    private Database target;

    @BeforeAll
    static void startServer(ServerPool servers) {
        server = servers.target(17);
    }

    @BeforeEach
    void createDatabase() throws Exception {
        name = "cleaned" + COUNTER.incrementAndGet();
        server.createDatabase(name);
        target = Database.parse(Side.TARGET, new Secret(server.uri(name)), Map.of());
        server.execute(
                name,
                "create table public.t (i integer primary key, j integer)",
                "insert into public.t select i, i from generate_series(1, 1000) i",
                "create schema \"App\"",
                "create table \"App\".orders (id serial primary key)",
                "create table \"App\".audit (id integer)",
                "create function \"App\".f() returns integer language sql as 'select 1'",
                "create schema pgmigrator",
                "create table pgmigrator.progress (i integer)",
                "analyze");
    }

    @Test
    void anEmptyDatabaseHasNothingInTheWay() throws Exception {
        server.createDatabase(name + "_empty");
        server.execute(name + "_empty", "create schema pgmigrator", "create table pgmigrator.progress (i integer)");
        Database empty = Database.parse(Side.TARGET, new Secret(server.uri(name + "_empty")), Map.of());

        assertThat(contents(empty, FilterConfig.EVERYTHING).isEmpty()).isTrue();
        assertThat(contents(empty, FilterConfig.EVERYTHING).names(10)).isEmpty();
        assertThat(new TargetCleaner(empty, FilterConfig.EVERYTHING, Set.of())
                        .contents()
                        .plan())
                .isEmpty();
    }

    @Test
    void whatHasNoSchemaGoesUnlessSomethingIsIncluded() throws Exception {
        server.execute(name, "create publication pub", "select lo_create(0)");
        FilterConfig without =
                new FilterConfig(List.of(), List.of(), List.of(), List.of(new QualifiedName("App", "audit")));

        assertThat(contents(target, without).drops()).contains("publication pub", "large objects");
        assertThat(contents(target, includes(new QualifiedName("App", "orders")))
                        .drops())
                .doesNotContain("publication pub", "large objects");
    }

    @Test
    void namesWhatIsInTheWayInTheRangeOfTheFilter() throws Exception {
        FilterConfig onlyOrders = includes(new QualifiedName("App", "orders"));

        assertThat(contents(target, FilterConfig.EVERYTHING).isEmpty()).isFalse();
        assertThat(contents(target, FilterConfig.EVERYTHING).names(2))
                .containsExactly("table \"App\".audit", "routine \"App\".f()");
        assertThat(contents(target, onlyOrders).names(10))
                .containsExactly("routine \"App\".f()", "table \"App\".orders");
        assertThat(contents(target, includes(new QualifiedName("elsewhere", "t")))
                        .isEmpty())
                .isTrue();
    }

    @Test
    void dropsEverythingAndLeavesADatabaseLikeANewOne() throws Exception {
        server.execute(name, KINDS);
        server.execute(name, "select lo_create(0) from generate_series(1, 1500)");
        TargetCleaner cleaner = new TargetCleaner(target, FilterConfig.EVERYTHING, Set.of());

        List<String> plan = cleaner.contents().plan();
        cleaner.execute();

        assertThat(plan).anyMatch(line -> line.startsWith("schema \"App\": 2 tables (about "));
        assertThat(plan).anyMatch(line -> line.matches("schema \"public\": 2 tables \\(about .*, 1,000 rows\\).*"));
        assertThat(plan).contains("event trigger on_ddl", "publication pub", "extension hstore", "1500 large objects");
        assertThat(contents(target, FilterConfig.EVERYTHING).isEmpty()).isTrue();
        assertThat(cleaner.contents().plan()).isEmpty();
        assertThat(server.value(name, "select count(*) from pgmigrator.progress"))
                .isEqualTo("0");
        String publicSchema = "select nspowner::regrole::text, nspacl::text, obj_description(oid, 'pg_namespace') "
                + "from pg_namespace where nspname = 'public'";
        assertThat(server.rows(name, publicSchema)).isEqualTo(server.rows("template1", publicSchema));
    }

    @Test
    void dropsObjectByObjectWhereTheSchemaHasToStay() throws Exception {
        server.execute(name, KINDS);
        server.execute(name, "drop event trigger on_ddl", "create table public.kept (i integer)");
        FilterConfig filter =
                new FilterConfig(List.of("public"), List.of(), List.of(), List.of(new QualifiedName("public", "kept")));

        new TargetCleaner(target, filter, Set.of()).execute();

        assertThat(contents(target, filter).names(10)).isEmpty();
        assertThat(server.value(name, "select count(*) from public.kept")).isEqualTo("0");
        assertThat(server.value(name, "select extname from pg_extension where extname = 'hstore'"))
                .isEqualTo("hstore");
        assertThat(server.value(name, "select count(*) from \"App\".orders")).isEqualTo("0");
    }

    @Test
    void refusesWhenSomethingThatIsNotCarriedWouldGoWithIt() throws Exception {
        server.execute(
                name,
                "create schema reports",
                "create view reports.all_orders as select * from \"App\".orders",
                "alter table \"App\".audit add column o integer references \"App\".orders");

        MigrationException exception = catchThrowableOfType(
                MigrationException.class,
                () -> new TargetCleaner(target, includes(new QualifiedName("App", "orders")), Set.of()).execute());

        assertThat(exception.failure().kind()).isEqualTo(FailureKind.TARGET_FAILED);
        assertThat(exception.failure().why()).contains("reports.all_orders", "constraint audit_o_fkey of App.audit");
        assertThat(server.value(name, "select count(*) from reports.all_orders"))
                .isEqualTo("0");
        assertThat(server.value(name, "select count(*) from pg_proc where proname = 'f'"))
                .isEqualTo("1");
    }

    @Test
    void keepsWhatBelongsToAnotherRoleAndSaysSo() throws Exception {
        server.execute("postgres", "create role plain_" + name + " login password 'plain'");
        server.execute(
                name,
                "grant create on database " + name + " to plain_" + name,
                "grant usage, create on schema \"App\" to plain_" + name,
                "set role plain_" + name + "; create table \"App\".mine (i integer)");
        Database plain = Database.parse(
                Side.TARGET,
                new Secret("postgresql://plain_" + name + ":plain@" + server.host() + ":" + server.port() + "/" + name),
                Map.of());
        TargetCleaner cleaner = new TargetCleaner(plain, FilterConfig.EVERYTHING, Set.of());

        List<String> plan = cleaner.contents().plan();
        cleaner.execute();

        assertThat(plan).contains("kept: table \"App\".orders, which belongs to another role");
        assertThat(server.rows(
                        name, "select relname from pg_class where relname in ('mine', 'orders', 't') order by 1"))
                .containsExactly("orders", "t");
    }

    private static FilterConfig includes(QualifiedName table) {
        return new FilterConfig(List.of(), List.of(), List.of(table), List.of());
    }

    private static TargetContents contents(Database database, FilterConfig filter) throws Exception {
        try (Connection connection = database.connect(Session.named("test"))) {
            return TargetContents.read(connection, filter);
        }
    }
}
