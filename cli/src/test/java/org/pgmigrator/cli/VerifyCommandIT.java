package org.pgmigrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.cli.Cli.Result;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.Servers;

/// `verify` as its user meets it: what it prints, and its exit codes.
class VerifyCommandIT {

    private static PostgresServer source;
    private static PostgresServer target;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws SQLException {
        source = Servers.start(15, "shop");
        target = Servers.start(17, "shop");
        for (PostgresServer server : new PostgresServer[] {source, target}) {
            server.execute(
                    "shop",
                    "create table orders (id int primary key, note text)",
                    "insert into orders select i, 'n' from generate_series(1, 10) i",
                    "create table customers (id int primary key)");
        }
        target.execute(
                "shop", "update orders set note = 'hidden value' where id = 7", "create index on customers (id)");
    }

    @AfterAll
    static void stop() {
        source.close();
        target.close();
    }

    private Result verify(String... options) {
        String[] arguments = new String[options.length + 2];
        arguments[0] = "verify";
        arguments[1] = "--log-file=" + folder.resolve("log");
        System.arraycopy(options, 0, arguments, 2, options.length);
        return new Cli()
                .with("PG_MIGRATOR_SOURCE", source.uri("shop"))
                .with("PG_MIGRATOR_TARGET", target.uri("shop"))
                .run(arguments);
    }

    @Test
    void equalCountsSayWhatWasComparedAndWhen() {
        Result result = verify();

        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(result.out())
                .contains("comparing counts of ")
                .contains(" Done.\n")
                .containsPattern(" equal: 2 tables, 10 rows in \\d+ ms\n")
                .containsPattern("source: everything committed before [0-9A-F]+/[0-9A-F]+ \\(snapshot \\d+:\\d+:")
                .doesNotContain("Ctrl+C");
    }

    @Test
    void aDifferenceIsNamedByItsKeyWithTheSqlThatShowsItAndNeverItsValue() {
        Result result = verify("--level=content");

        assertThat(result.exitCode()).isEqualTo(7);
        assertThat(result.out())
                .contains("DIFFERS public.orders: rows differ, though both sides have 10\n")
                .contains(" id=7: differs in note\n")
                .contains("on the source: SELECT * FROM ONLY \"public\".\"orders\" WHERE \"id\" IN ('7');\n")
                .containsPattern("equal public.customers · 0 rows · 0{32}\n");
        assertThat(result.err())
                .startsWith("error VERIFICATION_MISMATCH: 1 of 2 tables, 10 rows differ or could not be compared.\n")
                .contains("nothing was changed on either side")
                .contains("exit 7");
        assertThat(result.out() + result.err()).doesNotContain("hidden value").doesNotContain("\tat ");
    }

    @Test
    void aDefinitionThatDiffersIsNamed() {
        Result result = verify("--level=schema");

        assertThat(result.exitCode()).isEqualTo(7);
        assertThat(result.out())
                .contains("DIFFERS table public.customers: index customers_id_idx does not exist on the source\n")
                .doesNotContain("equal table");
    }

    @Test
    void theFilterDecidesWhatIsCompared() {
        assertThat(verify("--level=content", "--exclude-table=orders").exitCode())
                .isZero();
    }

    @Test
    void withJsonEachTableIsAnEvent() {
        Result result = verify("--json", "--level=content");

        assertThat(result.exitCode()).isEqualTo(7);
        assertThat(result.out().lines())
                .filteredOn(line -> line.contains("\"event\":\"verify_result\""))
                .anySatisfy(line -> assertThat(line)
                        .contains("\"phase\":null,\"level\":\"content\",\"object\":\"public.orders\",\"equal\":false,"
                                + "\"source_rows\":10,\"target_rows\":10,\"source_hash\":\"")
                        .contains("\"keys\":[\"id=7: differs in note\"],\"more_keys\":0,\"source_sql\":\"SELECT"))
                .anySatisfy(line ->
                        assertThat(line).contains("\"object\":\"public.customers\",\"equal\":true,\"source_rows\":0"))
                .hasSize(2);
        assertThat(result.out().lines()).allMatch(line -> line.startsWith("{\"time\":"));
        assertThat(result.out()).contains("\"event\":\"failure\"").contains("\"exit_code\":7");
    }

    @Test
    void aSideThatCannotBeReachedIsNamed() {
        Result result = new Cli()
                .with("PG_MIGRATOR_SOURCE", source.uri("shop"))
                .with("PG_MIGRATOR_TARGET", "host=127.0.0.1 port=1 dbname=shop user=nobody")
                .run("verify", "--log-file=" + folder.resolve("log"));

        assertThat(result.exitCode()).isEqualTo(6);
        assertThat(result.err()).startsWith("error TARGET_UNREACHABLE: ").contains("nothing was changed");
    }
}
