package org.pgmigrator.cli.option;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.Model.OptionSpec;

class EnvironmentTwinsTest {

    @Test
    void everyOptionHasATwinThatItsHelpNames() {
        for (OptionSpec option : Options.parser(Map.of()).getCommandSpec().options()) {
            assertThat(String.join(" ", option.description()))
                    .as(option.longestName())
                    .endsWith("[" + EnvironmentTwins.nameOf(option) + "]");
        }
    }

    @Test
    void everyOptionSaysItsDefaultOrThatItIsRequired() {
        for (OptionSpec option : Options.parser(Map.of()).getCommandSpec().options()) {
            assertThat(String.join(" ", option.description()))
                    .as(option.longestName())
                    .containsPattern("Default: |Required\\.");
        }
    }

    @Test
    void theNameIsDerived() {
        assertThat(EnvironmentTwins.nameOf("--lag-threshold-bytes")).isEqualTo("PG_MIGRATOR_LAG_THRESHOLD_BYTES");
    }

    @Test
    void noTwinIsAVariableOfTheLauncher() {
        Set<String> twins = Options.parser(Map.of()).getCommandSpec().options().stream()
                .map(EnvironmentTwins::nameOf)
                .collect(Collectors.toSet());

        assertThat(twins)
                .doesNotContain(
                        "PG_MIGRATOR_JAVA", "PG_MIGRATOR_HEAP", "PG_MIGRATOR_JAVA_OPTS", "PG_MIGRATOR_JDK_FOLDERS");
    }

    @Test
    void theCommandLineWins() {
        assertThat(Options.parse(Map.of("PG_MIGRATOR_JOBS", "7"), "--jobs=3")
                        .toConfig()
                        .copy()
                        .jobs())
                .isEqualTo(3);
        assertThat(Options.parse(Map.of("PG_MIGRATOR_JOBS", "7"))
                        .toConfig()
                        .copy()
                        .jobs())
                .isEqualTo(7);
    }

    @Test
    void anEmptyVariableIsUnset() {
        assertThat(Options.parse(Map.of("PG_MIGRATOR_JOBS", ""))
                        .toConfig()
                        .copy()
                        .jobs())
                .isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"true,true", "TRUE,true", "false,false"})
    void aFlagTakesTrueAndFalse(String value, boolean expected) {
        assertThat(Options.parse(Map.of("PG_MIGRATOR_NO_OWNER", value))
                        .toConfig()
                        .copy()
                        .noOwner())
                .isEqualTo(expected);
    }

    @Test
    void aFlagThatIsTypedIsTrueWhateverTheVariableSays() {
        assertThat(Options.parse(Map.of("PG_MIGRATOR_RESUME", "true"), "--resume")
                        .toConfig()
                        .resume())
                .isTrue();
        assertThat(Options.parse(Map.of("PG_MIGRATOR_RESUME", "false"), "--resume")
                        .toConfig()
                        .resume())
                .isTrue();
        assertThat(Options.parse(Map.of("PG_MIGRATOR_RESUME", "true"), "--resume=false")
                        .toConfig()
                        .resume())
                .isFalse();
    }

    @Test
    void aValueIsTakenAsItIs() {
        String connection = "postgresql://u:${sys:user.home}$$%n\\@h/db";

        assertThat(Options.parse(Map.of("PG_MIGRATOR_SOURCE", connection))
                        .toConfig()
                        .source()
                        .reveal())
                .isEqualTo(connection);
    }

    @Test
    void repeatableOptionsTakeSeveralNamesFromTheirTwin() {
        assertThat(Options.parse(Map.of("PG_MIGRATOR_INCLUDE_SCHEMA", "a, \"B,c\""))
                        .toConfig()
                        .filter()
                        .includeSchemas())
                .containsExactly("a", "B,c");
    }
}
