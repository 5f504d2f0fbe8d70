package org.pgmigrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.cli.Cli.Result;

class UsageTest {

    @Test
    void withoutACommandTheExitCodeIsTwo() {
        Result result = new Cli().run();

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).isEqualTo("""
                error USAGE: a command is missing
                  do     Correct it; pg-migrator --help lists all options.
                  exit   2
                """);
    }

    @Test
    void anUnknownOptionNamesTheOneThatWasMeant() {
        Result result = new Cli().run("migrate", "--slotname=x");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).startsWith("error USAGE: unknown option: '--slotname=x'\n");
        assertThat(result.err()).contains("Perhaps you meant --slot-name");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--metrics-port", "--rollback-window", "--defer-copy"})
    void optionsOfLaterVersionsAreNotAccepted(String option) {
        Result result = new Cli().run("migrate", "--source=a", "--target=b", option);

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("unknown option: '" + option + "'");
    }

    @Test
    void aUsageErrorIsNotBuriedUnderTheListOfOptions() {
        Result result = new Cli().run("migrate", "--jobs=many");

        assertThat(result.err().lines()).hasSizeLessThan(6);
        assertThat(result.err()).contains("'--jobs'").contains("'many' is not an int");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--jobs=0 | --jobs must be 1 to 256, not 0",
                "--slot-name=Big | --slot-name \"Big\": a slot's name is 1 to 63 lower-case letters",
                "--subscription-name= | --subscription-name must have 1 to 63 characters",
                "--lag-threshold-bytes=-1 | '-1' is not a size such as 65536, 64kB or 1MB",
                "--lag-threshold-bytes=9999999TB | is more bytes than fit",
                "--cutover-poll-secs=0 | --cutover-poll-secs must be greater than 0",
                "--cutover-poll-secs=soon | 'soon' is not a duration such as 5 (seconds), 30s or 5m",
                "--cutover-timeout=0s | --cutover-timeout must be greater than 0",
                "--sequence-buffer=-1 | --sequence-buffer must not be negative",
                "--mode=sideways | '--mode'",
                "--mode=sideways | 'sideways' is not one of online, offline",
                "--without-identity=perhaps | 'perhaps' is not one of fail, full, insert-only",
                "--include-schema=a.b | --include-schema: not a schema's name: a.b",
                "--exclude-table=a. | --exclude-table: not a table's name: a.",
            })
    void aValueThatIsRefusedNamesItsOptionAndItsRule(String argument, String expected) {
        Result result = new Cli().run("migrate", "--source=host=a", "--target=host=b", argument);

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).startsWith("error USAGE: ").contains(expected);
        assertThat(result.err()).contains("pg-migrator migrate --help");
    }

    @Test
    void aMissingConnectionNamesItsVariableToo() {
        Result result = new Cli().run("check", "--source=host=a");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("--target is missing: give it, or set PG_MIGRATOR_TARGET in the environment");
    }

    @Test
    void aRefusedValueFromTheEnvironmentSaysWhereItCameFrom() {
        Result result = new Cli().with("PG_MIGRATOR_JOBS", "many").run("migrate");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("the value comes from the environment variable PG_MIGRATOR_JOBS");
    }

    @Test
    void aConnectionInTheWrongPlaceIsQuotedWithoutItsPassword() {
        Result result = new Cli().run("migrate", "postgresql://user:geheim@host/db");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("postgresql://user:****@host/db").doesNotContain("geheim");
    }

    @Test
    void withJsonAUsageErrorIsAJsonLineAsWell() {
        Result result = new Cli().run("migrate", "--json", "--no-such-option");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out().lines()).hasSize(1);
        assertThat(result.out())
                .contains("\"event\":\"failure\"")
                .contains("\"kind\":\"USAGE\"")
                .contains("\"exit_code\":2");
        assertThat(result.err()).startsWith("error USAGE: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"migrate", "check", "verify", "demo"})
    void everyOptionOfEveryCommandHasItsTwinAndItsDefaultInTheHelp(String command) {
        String help = new Cli().run(command, "--help").out();
        String[] entries = help.split("\n {6}(?=--)");
        assertThat(entries).hasSizeGreaterThan(6);
        for (String entry : List.of(entries).subList(1, entries.length)) {
            String text = entry.lines().map(String::strip).collect(Collectors.joining(" "));
            assertThat(text).containsPattern("Default: |Required\\.").containsPattern("\\[PG_MIGRATOR_[A-Z_]+]");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "cutover", "abort", "snapshot-holder", "sequences sync", "sequences advance"})
    void everyOptionOfTheOtherTerminalsCommandsHasItsTwinAndItsDefaultInTheHelp(String command) {
        List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
        arguments.add("--help");
        String help = new Cli().run(arguments.toArray(String[]::new)).out();
        String[] entries = help.split("\n {6}(?=--)");
        assertThat(entries).hasSizeGreaterThan(4);
        for (String entry : List.of(entries).subList(1, entries.length)) {
            String text = entry.lines().map(String::strip).collect(Collectors.joining(" "));
            assertThat(text).containsPattern("Default: |Required\\.").containsPattern("\\[PG_MIGRATOR_[A-Z_]+]");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sequences | what to do is missing: sync or advance",
                "sequences advance | Missing required parameter",
                "sequences advance 0 | must be at least 1",
                "sequences advance many | 'many' is not a long",
                "sequences sync --buffer=-1 | --buffer must not be negative",
                "status --watch=0 | --watch must be greater than 0",
                "status --watch=often | 'often' is not a duration",
                "snapshot-holder --hold-limit=0 | --hold-limit must be greater than 0",
                "cutover --rehearse=perhaps | 'perhaps' is not a boolean",
            })
    void theOtherTerminalsCommandsRefuseBeforeTheyConnect(String line, String expected) {
        Result result = new Cli()
                .with("PG_MIGRATOR_SOURCE", "host=a")
                .with("PG_MIGRATOR_TARGET", "host=b")
                .run(line.split(" "));

        assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
        assertThat(result.err()).containsIgnoringCase(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "--source-major=13,--source-major must be one of",
        "--target-major=19,--target-major must be one of",
        "--rate=-1,--rate must not be negative",
        "--rows=0,--rows must be 1 to 100000000",
        "--seconds=-1,--seconds must be 0 to 3600",
        "--source=x,unknown option",
    })
    void theDemoRefusesWhatItCannotDoBeforeItStarts(String argument, String expected) {
        Result result = new Cli().run("demo", argument);

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--level=none | --level must be schema, counts or content",
                "--level=rows | 'rows' is not one of none, schema, counts, content",
                "--jobs=0 | --jobs must be 1 to 256, not 0",
                "--list-keys=0 | --list-keys must be 1 to 10000, not 0",
                "--include-table=a. | --include-table: not a table's name: a.",
                "--slot-name=x | unknown option",
            })
    void verifyRefusesWhatItCannotDo(String argument, String expected) {
        Result result = new Cli().run("verify", "--source=host=a", "--target=host=b", argument);

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).startsWith("error USAGE: ").contains(expected);
    }

    @Test
    void helpAndVersionGoToStdoutAndSucceed() {
        assertThat(new Cli().run("--version").out()).startsWith("pg-migrator ");
        assertThat(new Cli().run("--version").exitCode()).isZero();
        assertThat(new Cli().run("--help").out()).contains("migrate").contains("Exit codes: 0 done");
        assertThat(new Cli().run("help", "migrate").out())
                .isEqualTo(new Cli().run("migrate", "--help").out());
        assertThat(new Cli().run("--help").out()).doesNotContain("generate-completion");
        assertThat(new Cli().run("generate-completion").out()).contains("Bash Completion");
    }
}
