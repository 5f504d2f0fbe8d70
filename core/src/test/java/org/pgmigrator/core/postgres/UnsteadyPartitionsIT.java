package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Whose rules a row keeps when it is in another partition, on every major.
@ExtendWith(SharedServers.class)
final class UnsteadyPartitionsIT {

    private static final String LEAVES =
            "create table %1$s_0 partition of %1$s for values with (modulus 2, remainder 0);"
                    + " create table %1$s_1 partition of %1$s for values with (modulus 2, remainder 1);";

    private static List<String> rules(ServerPool servers, int major, String... statements) throws SQLException {
        PostgresServer server = servers.source(major);
        String database = "unsteady_" + major + "_" + System.nanoTime();
        server.execute("postgres", "create database " + database);
        try {
            server.execute(database, "create type kind as enum ('a', 'b')");
            server.execute(database, statements);
            try (Connection connection = server.connect(database)) {
                return UnsteadyPartitions.ownRules(connection).stream()
                        .map(rule -> rule.partition().name() + ": " + rule.rule()
                                + (rule.holder().equals(rule.partition())
                                        ? ""
                                        : " | " + rule.holder().name()))
                        .toList();
            }
        } finally {
            server.execute("postgres", "drop database " + database);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void whatTheStandingTableHasNoPartitionHasAlone(int major, ServerPool servers) throws Exception {
        assertThat(rules(
                        servers,
                        major,
                        "create table other (id int primary key) partition by range (id)",
                        "create table other_0 partition of other default",
                        // The table that stands for its leaves is neither the root nor a leaf.
                        "create table root (r int, k kind, x int, id int references other, parent_id int,"
                                + " primary key (r, k, x, id), check (id > 0), foreign key (r, k, x, parent_id) references root)"
                                + " partition by list (r)",
                        "create table hashed partition of root for values in (1) partition by hash (k)",
                        "alter table hashed alter parent_id set not null, add check (x < 100), add unique (k, x),"
                                + " add foreign key (x) references other",
                        "create table p0 partition of hashed for values with (modulus 2, remainder 0)"
                                + " partition by list (x)",
                        "create table p0_1 partition of p0 for values in (1)",
                        "create table p1 partition of hashed for values with (modulus 2, remainder 1)",
                        "create table points (r int, k kind, x int, id int, foreign key (r, k, x, id) references root,"
                                + " foreign key (k, x) references hashed (k, x))",
                        // As they come with a table of their own that is attached.
                        "create table attached (r int not null, k kind not null, x int not null, id int not null"
                                + " constraint root_id_check check (id > 0), parent_id int not null,"
                                + " constraint hashed_x_check check (x < 100))",
                        "alter table hashed detach partition p1",
                        "alter table hashed attach partition attached for values with (modulus 2, remainder 1)"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void whatATableBetweenOrAPartitionAloneHasIsNamed(int major, ServerPool servers) throws Exception {
        assertThat(rules(
                        servers,
                        major,
                        "create table other (id int primary key)",
                        "create table root (k kind, x int, id int, v int) partition by hash (k)",
                        "create table p1 partition of root for values with (modulus 2, remainder 0)"
                                + " partition by list (x)",
                        "create table p1_1 partition of p1 for values in (1)",
                        "create table p2 partition of root for values with (modulus 2, remainder 1)",
                        "alter table p1 add primary key (x, id), add constraint small check (v < 10),"
                                + " add constraint known foreign key (v) references other",
                        "alter table p2 add constraint far check (v > 10), alter v set not null,"
                                + " add constraint seen foreign key (id) references other,"
                                + " add constraint apart exclude (id with =)",
                        "create unique index once on p2 (v) where v > 5"))
                .containsExactly(
                        "p1_1: NOT NULL of id",
                        "p1_1: NOT NULL of x",
                        "p1_1: check small",
                        "p1_1: foreign key known",
                        "p1_1: unique index p1_1_pkey",
                        "p2: NOT NULL of v",
                        "p2: check far",
                        "p2: exclusion apart",
                        "p2: foreign key seen",
                        "p2: unique index once");
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void aForeignKeyToAPartitionAloneIsNamedWithWhoHasIt(int major, ServerPool servers) throws Exception {
        assertThat(rules(
                        servers,
                        major,
                        "create table root (k kind, x int, primary key (k, x)) partition by hash (k)",
                        "create table p1 partition of root for values with (modulus 2, remainder 0)"
                                + " partition by list (x)",
                        "create table p1_1 partition of p1 for values in (1)",
                        "create table p2 partition of root for values with (modulus 2, remainder 1)",
                        "create table of_all (k kind, x int, constraint f foreign key (k, x) references root)",
                        "create table of_between (k kind, x int, constraint f foreign key (k, x) references p1)",
                        "create table of_one (k kind, x int, constraint f foreign key (k, x) references p2)"))
                .containsExactly(
                        "p1_1: foreign key f of of_between to it | of_between",
                        "p2: foreign key f of of_one to it | of_one");
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void partitionsWhoseRowsStayWhereTheyAreMayHaveRulesOfTheirOwn(int major, ServerPool servers) throws Exception {
        assertThat(rules(
                        servers,
                        major,
                        "create table steady (k int, id int) partition by hash (k)",
                        LEAVES.formatted("steady"),
                        "alter table steady_0 add primary key (id), add check (k > 0)"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = 18)
    void aConstraintThatIsNotEnforcedRefusesNothing(int major, ServerPool servers) throws Exception {
        assertThat(rules(
                        servers,
                        major,
                        "create table other (id int primary key)",
                        "create table root (k kind, id int) partition by hash (k)",
                        LEAVES.formatted("root"),
                        "alter table root_0 add check (id > 0) not enforced,"
                                + " add foreign key (id) references other not enforced",
                        "alter table root_1 add constraint present not null id not valid"))
                .containsExactly("root_1: NOT NULL of id");
    }
}
