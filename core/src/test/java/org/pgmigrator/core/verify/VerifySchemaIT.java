package org.pgmigrator.core.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.progress.ProgressEvent.VerifyResult;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

/// The same definitions are equal on the oldest and the newest major; each kind of change is named.
@ExtendWith(SharedServers.class)
class VerifySchemaIT {

    private static final String[] EVERYTHING = {
        "create schema \"Odd\"",
        "create type mood as enum ('sad', 'ok')",
        "create type pair as (a int, b text)",
        "create domain positive as int default 1 not null constraint above check (value > 0)",
        "create type span as range (subtype = float8)",
        "create sequence counter as int increment -2 minvalue -100 maxvalue -1 start -1 cache 5 cycle",
        "create table customer (id bigint generated always as identity primary key, name text collate \"C\" not null,"
                + " feeling mood default 'sad', valid positive, tags text[] default '{}',"
                + " doubled bigint generated always as (valid * 2) stored, since timestamptz default now())",
        "create table orders (id serial primary key, customer bigint not null references customer on delete cascade"
                + " deferrable, total numeric(10,2) check (total >= 0 and total < 1e6), note varchar(20),"
                + " exclude using btree (note with =))",
        "create index on orders (lower(note), total desc nulls last) include (customer) where total > 5",
        "create unique index on orders ((total + 1)) with (fillfactor = 70)",
        "create statistics linked (dependencies) on customer, total from orders",
        "create unlogged table scratch (a int) with (autovacuum_enabled = off)",
        "create table parted (id int, at date not null, primary key (id, at)) partition by range (at)",
        "create table parted_1 partition of parted for values from ('2020-01-01') to ('2021-01-01')",
        "create table parted_rest partition of parted default",
        "create index on parted (at)",
        "create table base (a int, constraint small check (a < 10))",
        "create table heir (b int) inherits (base)",
        "create view rich as select c.name, sum(o.total) as total from customer c join orders o on o.customer = c.id"
                + " where c.valid > 3 and (o.note is null or o.note like 'x%') group by c.name having count(*) > 1",
        "create view plain as select id, name from customer where valid between 1 and 5 order by name",
        "create view careful with (security_barrier) as select extract(year from since) as y, substring(name from 2)"
                + " as n, (select max(o.id) from orders o where o.customer = customer.id) as last from customer",
        "create materialized view summary as select customer, count(*) as n from orders group by customer",
        "create unique index on summary (customer)",
        "create function twice(a int, b text default 'x') returns int language sql immutable strict"
                + " set search_path = '' as 'select $1 * 2'",
        "create function standard(a int) returns int language sql begin atomic select a + 1; end",
        "create procedure tidy() language plpgsql as 'begin delete from orders; end'",
        "create aggregate total_of(int) (sfunc = int4pl, stype = int, initcond = '0')",
        "create function stamp() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger stamp before update of name on customer for each row when (old.name is distinct from new.name)"
                + " execute function stamp()",
        "create trigger stamp after insert on parted for each row execute function stamp()",
        "create rule quiet as on delete to scratch where old.a > 3 do instead nothing",
        "alter table customer enable row level security",
        "create policy own on customer for select to public using (name = current_user)",
        "create table \"Odd\".\"T 1\" (\"A b\" int primary key)",
        "create function noticed() returns event_trigger language plpgsql as 'begin end'",
        "create event trigger noticed on ddl_command_end execute function noticed()"
    };

    private static PostgresServer oldest;
    private static PostgresServer newest;

    private VerifyPair pair;

    @BeforeAll
    static void start(ServerPool servers) {
        oldest = servers.source(14);
        newest = servers.target(18);
    }

    @BeforeEach
    void databases() throws SQLException {
        pair = new VerifyPair(oldest, newest);
        pair.onBoth(EVERYTHING);
    }

    @Test
    void theSameDefinitionsAreEqualOnTheOldestAndTheNewestMajor() throws Exception {
        VerifyReport report = pair.compare(VerifyLevel.SCHEMA);

        assertThat(report.differing()).isEmpty();
        assertThat(report.results())
                .extracting(VerifyResult::object)
                .contains(
                        "table public.customer",
                        "table \"Odd\".\"T 1\"",
                        "view public.rich",
                        "materialized view public.summary",
                        "sequence public.counter",
                        "sequence public.customer_id_seq",
                        "function public.twice(a integer, b text)",
                        "procedure public.tidy()",
                        "aggregate public.total_of(integer)",
                        "type public.mood",
                        "type public.span",
                        "domain public.positive",
                        "schema \"Odd\"",
                        "extension plpgsql",
                        "event trigger noticed");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "alter table customer alter tags type varchar[] | table public.customer | column tags: type is text[] on the"
                        + " source, character varying[] on the target",
                "alter table customer alter tags type text[] collate \"C\" | table public.customer | column tags: collation",
                "alter table customer alter feeling set default 'ok' | table public.customer | column feeling: default",
                "alter table customer alter name drop not null | table public.customer | column name: not null is t on",
                "alter table customer alter id set generated by default | table public.customer | column id: identity is a",
                "alter table customer alter doubled drop expression | table public.customer | column doubled: generated",
                "alter table orders drop constraint orders_total_check | table public.orders | constraint"
                        + " orders_total_check does not exist on the target",
                "alter table orders add check (total > 1) | table public.orders | constraint orders_total_check1 does not"
                        + " exist on the source",
                "drop index orders_lower_total_customer_idx | table public.orders | index orders_lower_total_customer_idx",
                "alter index orders_expr_idx set (fillfactor = 80) | table public.orders | index orders_expr_idx: definition",
                "drop trigger stamp on customer | table public.customer | trigger stamp does not exist on the target",
                "alter table customer disable trigger stamp | table public.customer | trigger stamp: enabled is O on",
                "drop rule quiet on scratch | table public.scratch | rule quiet does not exist on the target",
                "alter table scratch set logged | table public.scratch | persistence is u on the source, p on the target",
                "alter table parted detach partition parted_1 | table public.parted_1 | partition bound is FOR VALUES",
                "alter table customer disable row level security | table public.customer | row level security is t",
                "alter policy own on customer using (true) | table public.customer | policy own: definition",
                "drop statistics linked | table public.orders | statistics linked does not exist on the target",
                "create or replace view plain as select id, name from customer where valid between 1 and 6 order by name"
                        + " | view public.plain | definition is SELECT",
                "alter view careful set (security_barrier = off) | view public.careful | options",
                "drop materialized view summary | materialized view public.summary | it does not exist on the target",
                "create table extra (a int) | table public.extra | it does not exist on the source",
                "alter sequence counter increment -3 | sequence public.counter | increment is -2 on the source, -3",
                "alter sequence orders_id_seq owned by none | sequence public.orders_id_seq | owner column is",
                "alter function twice cost 7 | function public.twice(a integer, b text) | cost is",
                "create or replace function stamp() returns trigger language plpgsql as 'begin return old; end' |"
                        + " function public.stamp() | source is begin return new; end on the source, begin return old;",
                "drop procedure tidy | procedure public.tidy() | it does not exist on the target",
                "alter type mood add value 'great' | type public.mood | labels is 'sad', 'ok' on the source, 'sad', 'ok',",
                "alter type pair add attribute c int | type public.pair | attributes is a integer, b text on the source",
                "alter domain positive drop constraint above | domain public.positive | constraint above does not exist",
                "create schema more | schema more | it does not exist on the source",
                "drop event trigger noticed | event trigger noticed | it does not exist on the target",
            })
    void eachKindOfChangeIsNamed(String change, String object, String difference) throws Exception {
        pair.onTarget(change);

        VerifyReport report = pair.compare(VerifyLevel.SCHEMA);

        assertThat(report.differing()).extracting(VerifyResult::object).contains(object);
        assertThat(VerifyPair.of(report, object).orElseThrow().differences())
                .as("%s", report.differing())
                .anyMatch(found -> found.startsWith(difference));
    }

    @Test
    void whatPgMigratorItselfCreatesIsNoDifference() throws Exception {
        pair.onTarget(
                "create schema pgmigrator",
                "create table pgmigrator.migration (a int)",
                "alter table customer alter id set generated by default");
        pair.onSource(
                "create schema pgmigrator_fence",
                "create function pgmigrator_fence.refuse() returns trigger language plpgsql as 'begin return null; end'",
                "create trigger pgmigrator_fence before insert on orders execute function pgmigrator_fence.refuse()",
                "alter table orders replica identity full",
                "create publication pg_migrator for table orders");

        assertThat(pair.compare(VerifyLevel.SCHEMA).differing()).isEmpty();
    }

    @Test
    void onlyWhatTheFilterCarriesIsCompared() throws Exception {
        pair.onTarget(
                "drop view rich",
                "drop view careful",
                "drop materialized view summary",
                "drop table orders",
                "drop event trigger noticed",
                "drop table \"Odd\".\"T 1\"",
                "drop schema \"Odd\"");
        assertThat(pair.compare(VerifyLevel.SCHEMA).differing())
                .extracting(VerifyResult::object)
                .contains("table public.orders", "sequence public.orders_id_seq", "schema \"Odd\"");

        pair.filter =
                new FilterConfig(List.of(), List.of(), List.of(new QualifiedName("public", "customer")), List.of());
        VerifyReport report = pair.compare(VerifyLevel.SCHEMA);

        assertThat(report.differing()).isEmpty();
        assertThat(report.results())
                .extracting(VerifyResult::object)
                .contains("table public.customer", "sequence public.customer_id_seq", "type public.mood")
                .doesNotContain("table public.orders", "extension plpgsql", "schema \"Odd\"");
    }

    @Test
    void aForeignKeyToATableThatIsNotCarriedIsNotMissed() throws Exception {
        pair.onTarget("drop view rich", "drop table customer cascade");
        pair.filter = new FilterConfig(
                List.of(),
                List.of(),
                List.of(),
                List.of(
                        new QualifiedName("public", "customer"),
                        new QualifiedName("public", "rich"),
                        new QualifiedName("public", "plain"),
                        new QualifiedName("public", "careful")));

        assertThat(pair.compare(VerifyLevel.SCHEMA).differing()).isEmpty();
    }
}
