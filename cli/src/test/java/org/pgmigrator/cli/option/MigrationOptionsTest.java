package org.pgmigrator.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.CutoverConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.LagConfig;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.config.SlotRetention;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.config.SpoolConfig;
import org.pgmigrator.core.config.VerifyLevel;

class MigrationOptionsTest {

    @Test
    void theDefaultsAreThoseOfTheConfiguration() {
        MigrationConfig config = Options.parse(Map.of()).toConfig();

        assertThat(config.mode()).isEqualTo(MigrationConfig.Mode.ONLINE);
        assertThat(config.replication())
                .isEqualTo(new ReplicationConfig(
                        "pg_migrator",
                        Optional.empty(),
                        "pg_migrator",
                        ReplicationConfig.WithoutIdentity.FAIL,
                        Duration.ofMinutes(30),
                        SlotRetention.UNLIMITED));
        assertThat(config.copy())
                .isEqualTo(new CopyConfig(2, false, false, false, false, Optional.empty(), Optional.empty()));
        assertThat(config.filter()).isEqualTo(FilterConfig.EVERYTHING);
        assertThat(config.lag()).isEqualTo(new LagConfig(65536, Duration.ofSeconds(5)));
        assertThat(config.cutover())
                .isEqualTo(new CutoverConfig(
                        false,
                        0,
                        Duration.ofMinutes(5),
                        CutoverConfig.When.OPERATOR,
                        SourceLockConfig.DEFAULT,
                        VerifyLevel.COUNTS));
        assertThat(config.resume()).isFalse();
        assertThat(config.assumeYes()).isFalse();
    }

    @Test
    void aLimitOfTheSlotThatIsReachedAtOnceIsRefused() {
        assertThatThrownBy(Options.parse(Map.of(), "--max-slot-retained=1MB")::toConfig)
                .hasMessageStartingWith("--max-slot-retained must be at least 64MB");
    }

    @Test
    void everyOptionReachesItsPlace() {
        MigrationConfig config = Options.parse(
                        Map.of(),
                        "--source=postgresql://s/a",
                        "--target=postgresql://t/b",
                        "--mode=offline",
                        "--slot-name=slot_1",
                        "--publication=Pub",
                        "--subscription-name=Sub",
                        "--without-identity=insert-only",
                        "--jobs=8",
                        "--drop-target-first",
                        "--allow-restore-errors",
                        "--no-owner",
                        "--no-acl",
                        "--pg-bindir=/opt/pg/bin",
                        "--work-dir=/var/tmp/w",
                        "--include-schema=a,B",
                        "--include-schema=\"C,d\"",
                        "--exclude-schema=e",
                        "--include-table=x.Y, z",
                        "--exclude-table=\"X\".\"Y\"",
                        "--lag-threshold-bytes=1MB",
                        "--cutover-poll-secs=500ms",
                        "--keep-subscription",
                        "--sequence-buffer=100",
                        "--cutover-timeout=2m",
                        "--cutover-when=caught-up",
                        "--resume",
                        "--yes",
                        "--max-outage",
                        "2h",
                        "--max-slot-retained=50GB",
                        "--at-max-slot-retained=drop",
                        "--copy",
                        "dump")
                .toConfig();

        assertThat(config.source().reveal()).isEqualTo("postgresql://s/a");
        assertThat(config.target().reveal()).isEqualTo("postgresql://t/b");
        assertThat(config.mode()).isEqualTo(MigrationConfig.Mode.OFFLINE);
        assertThat(config.replication())
                .isEqualTo(new ReplicationConfig(
                        "slot_1",
                        Optional.of("Pub"),
                        "Sub",
                        ReplicationConfig.WithoutIdentity.INSERT_ONLY,
                        Duration.ofHours(2),
                        new SlotRetention(OptionalLong.of(50L << 30), SlotRetention.AtLimit.DROP)));
        assertThat(config.copy())
                .isEqualTo(new CopyConfig(
                        8,
                        true,
                        true,
                        true,
                        true,
                        Optional.of(Path.of("/opt/pg/bin")),
                        Optional.of(Path.of("/var/tmp/w")),
                        CopyConfig.Rows.DUMP));
        assertThat(config.filter())
                .isEqualTo(new FilterConfig(
                        List.of("a", "b", "C,d"),
                        List.of("e"),
                        List.of(new QualifiedName("x", "y"), new QualifiedName("public", "z")),
                        List.of(new QualifiedName("X", "Y"))));
        assertThat(config.lag()).isEqualTo(new LagConfig(1024 * 1024, Duration.ofMillis(500)));
        assertThat(config.cutover())
                .isEqualTo(new CutoverConfig(
                        true,
                        100,
                        Duration.ofMinutes(2),
                        CutoverConfig.When.CAUGHT_UP,
                        SourceLockConfig.DEFAULT,
                        VerifyLevel.COUNTS));
        assertThat(config.resume()).isTrue();
        assertThat(config.assumeYes()).isTrue();
    }

    @Test
    void aFolderSwitchesTheSpoolOnAndOffWins() {
        Map<String, String> folder = Map.of("PG_MIGRATOR_SPOOL_DIR", "/spool");

        assertThat(Options.parse(Map.of()).toConfig().spool()).isEmpty();
        assertThat(Options.parse(folder).toConfig().spool())
                .contains(new SpoolConfig(Path.of("/spool"), SpoolConfig.DEFAULT_LIMIT_BYTES));
        assertThat(Options.parse(folder, "--spool=on", "--spool-limit=2GB")
                        .toConfig()
                        .spool())
                .contains(new SpoolConfig(Path.of("/spool"), 2L << 30));
        assertThat(Options.parse(folder, "--spool=off").toConfig().spool()).isEmpty();
    }

    @Test
    void aSpoolNeedsAFolderRoomAndTextForm() {
        assertThatThrownBy(Options.parse(Map.of(), "--spool=on")::toConfig)
                .hasMessageStartingWith("--spool on needs --spool-dir");
        assertThatThrownBy(Options.parse(Map.of(), "--spool-dir=x", "--spool-limit=1MB")::toConfig)
                .hasMessageStartingWith("--spool-limit must be at least 16MB");
        assertThatThrownBy(Options.parse(Map.of(), "--spool-dir=x", "--wire-format=binary")::toConfig)
                .hasMessageStartingWith("--wire-format binary");
    }

    @Test
    void withoutAConnectionThereIsNoConfiguration() {
        MigrationOptions options = Options.parse(Map.of("PG_MIGRATOR_TARGET", ""));

        assertThatThrownBy(options::toConfig).hasMessageStartingWith("--target is missing");
    }

    @ParameterizedTest
    @CsvSource({"0,0", "65536,65536", "64kB,65536", "64KB,65536", "1 MB,1048576", "2gb,2147483648", "1TB,1099511627776"
    })
    void sizesHaveUnitsOf1024(String text, long bytes) {
        assertThat(new ByteSize().convert(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"5,PT5S", "30s,PT30S", "5m,PT5M", "5min,PT5M", "500ms,PT0.5S", "2h,PT2H", "1d,PT24H"})
    void durationsAreSecondsUnlessAUnitSaysOtherwise(String text, Duration expected) {
        assertThat(new TimeSpan().convert(text)).isEqualTo(expected);
    }

    @Test
    void aPasswordOnTheCommandLineIsWarnedAboutOnceForBothSides() {
        MigrationOptions options = Options.parse(
                Map.of(), "--source=postgresql://u:geheim@h/db", "--target", "host=h password='two words'");

        assertThat(options.exposedPasswordWarning().orElseThrow())
                .contains("--source and --target", "ps", "PG_MIGRATOR_SOURCE", "PGPASSWORD", ".pgpass", "service file")
                .doesNotContain("geheim", "two words");
    }

    @Test
    void aPasswordInTheEnvironmentIsNotWarnedAbout() {
        MigrationOptions options = Options.parse(
                Map.of("PG_MIGRATOR_SOURCE", "postgresql://u:geheim@h/db"), "--target=postgresql://u@h/db");

        assertThat(options.exposedPasswordWarning()).isEmpty();
    }
}
