package org.pgmigrator.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.config.SourceLockConfig.Mode;
import picocli.CommandLine;

class SourceLockOptionsTest {

    private static SourceLockConfig parse(String... arguments) {
        CommandLine parser = new CommandLine(new SourceLockOptions());
        OptionParsing.configure(parser, Map.of());
        parser.parseArgs(arguments);
        return parser.<SourceLockOptions>getCommand().toConfig();
    }

    @Test
    void theTablesAreLockedUnlessSomethingElseIsAskedFor() {
        assertThat(parse()).isEqualTo(SourceLockConfig.DEFAULT);
        assertThat(SourceLockConfig.DEFAULT).isEqualTo(new SourceLockConfig(Mode.TABLES, Optional.empty()));
        assertThat(parse("--source-lock=read-only").mode()).isEqualTo(Mode.READ_ONLY);
        assertThat(parse("--source-lock=none").mode()).isEqualTo(Mode.NONE);
        assertThat(parse("--terminate-blockers-after=2m").terminateBlockersAfter())
                .contains(Duration.ofMinutes(2));
    }

    @Test
    void nobodyBlocksALockThatIsNotTaken() {
        assertThatThrownBy(() -> parse("--source-lock=none", "--terminate-blockers-after=5"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--terminate-blockers-after goes with --source-lock tables alone");
    }
}
