package org.pgmigrator.cli.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.status.StatusReport;
import org.pgmigrator.core.status.StatusReport.Account;
import org.pgmigrator.core.status.StatusReport.SourceSide;
import org.pgmigrator.core.status.StatusReport.Verdict;
import org.pgmigrator.decoder.Lsn;

class StatusTextTest {

    private static final Instant BEGUN = LocalDateTime.of(2026, 3, 1, 11, 58, 2)
            .atZone(ZoneId.systemDefault())
            .toInstant();

    private static Account account(Phase phase, String ending) {
        return new Account(
                "db7",
                4711,
                "windows",
                "binary",
                "every type allows it",
                List.of(),
                0,
                phase,
                "changes of the source are applied to the target",
                OnInterrupt.CUT_OVER,
                Duration.ofMillis(600),
                Optional.of(Lsn.parse("0/5A3C1F8")),
                OptionalLong.of(0),
                OptionalDouble.of(0.1),
                OptionalDouble.of(3410.4),
                Optional.of(Duration.ofSeconds(1)),
                Optional.empty(),
                "",
                ending);
    }

    private static final StatusReport.Lane LANE = new StatusReport.Lane(Lsn.parse("0/5A3C1A0"), Lsn.parse("0/5A3C1F8"));

    private static final StatusReport.Migration MIGRATION = new StatusReport.Migration(
            Phase.CAUGHT_UP, BEGUN, "pg_migrator", false, false, List.of("source: replication slot \"pg_migrator\""));

    @Test
    void aRunningMigrationIsToldLineByLineAndEndsWithTheVerdict() {
        StatusReport report = new StatusReport(
                "pg_migrator",
                List.of("pg_migrator"),
                Optional.of(MIGRATION),
                Optional.of(new StatusReport.Worker(9213, "10.0.0.7", Optional.of(BEGUN))),
                Optional.of(account(Phase.CAUGHT_UP, "")),
                List.of(LANE),
                Optional.of(new StatusReport.Spool("db7", "/spool", Lsn.parse("0/5A3C0E8"), 3 << 20, 1L << 30)),
                Optional.of(new SourceSide(
                        Lsn.parse("0/5A3C1F8"),
                        "reserved",
                        true,
                        Optional.of(Lsn.parse("0/5A3C0E8")),
                        OptionalLong.of(112 << 20),
                        OptionalLong.empty(),
                        100 << 20,
                        Optional.of("backend 7 of app on database \"shop\", idle in transaction, open for 3 h"),
                        List.of(),
                        List.of(),
                        Optional.empty(),
                        Optional.empty())),
                "",
                Optional.of(new StatusReport.Rates(1_258_291, 1_258_291, Duration.ofSeconds(1))),
                new Verdict(true, "the target has caught up"),
                List.of("pg-migrator cutover: the same as Ctrl+C there"));

        assertThat(StatusText.of(report, Style.PLAIN)).isEqualTo("""
                migration "pg_migrator": CaughtUp
                  begun      2026-03-01 11:58:02
                  process    pid 4711 on db7, connected from 10.0.0.7 (backend 9213) since 2026-03-01 11:58:02; heard of 0.6 s ago
                  doing      changes of the source are applied to the target
                  apply      windows, one lane
                  format     binary: every type allows it
                  positions  source 0/5A3C1F8 · received 0/5A3C1F8 · applied 0/5A3C1A0 · confirmed 0/5A3C0E8
                  lag        0 bytes (0.1 s)
                  rates      source writes 1.2 MB/s · target takes 1.2 MB/s · 3,410 changes/s
                  slot       "pg_migrator" ok, in use · WAL held 112.0 MB · no limit · 100.0 MB are kept although confirmed, until this transaction ends: backend 7 of app on database "shop", idle in transaction, open for 3 h
                  spool      3.0 MB of at most 1.0 GB in /spool on db7 · confirmed up to 0/5A3C0E8
                  lock       none on the source
                  created    source: replication slot "pg_migrator"
                  Ctrl+C     there: Ctrl+C cuts over
                  next       pg-migrator cutover: the same as Ctrl+C there
                Safe to cut over: YES: the target has caught up
                """);
    }

    @Test
    void whatNobodyKnowsIsUnknown() {
        StatusReport report = new StatusReport(
                "pg_migrator",
                List.of("pg_migrator"),
                Optional.of(MIGRATION),
                Optional.empty(),
                Optional.of(account(Phase.CAUGHT_UP, "")),
                List.of(LANE, LANE),
                Optional.empty(),
                Optional.empty(),
                "The source cannot be reached. connection refused",
                Optional.empty(),
                new Verdict(false, "no process is at work"),
                List.of());

        assertThat(StatusText.of(report, Style.PLAIN)).isEqualTo("""
                migration "pg_migrator": CaughtUp, stopped
                  begun      2026-03-01 11:58:02
                  process    none at work; the last one, pid 4711 on db7, was killed or cut off, last heard of 0.6 s ago
                  positions  source unknown · applied 0/5A3C1A0 · confirmed unknown
                  lag        unknown (time unknown)
                  rates      unknown · changes/s unknown
                  slot       "pg_migrator" unknown: The source cannot be reached. connection refused
                  lock       unknown
                  lane 0     applied 0/5A3C1A0
                  lane 1     applied 0/5A3C1A0
                  created    source: replication slot "pg_migrator"
                Safe to cut over: NO: no process is at work
                """);
    }

    @Test
    void aWarningOfSeveralLinesStaysOneLineSoThatTheBlockKeepsItsForm() {
        Account warned = new Account(
                "db7",
                1,
                "strict",
                "",
                "",
                List.of("public.log: no key", "public.odd: a rule"),
                1_204,
                Phase.STREAM_APPLY,
                "",
                OnInterrupt.CUT_OVER,
                Duration.ZERO,
                Optional.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                Optional.empty(),
                Optional.of(new StatusReport.Copied(3, 40, 1 << 20, 10 << 20)),
                "one\ntwo",
                "");
        StatusReport report = new StatusReport(
                "m",
                List.of("m"),
                Optional.of(MIGRATION),
                Optional.of(new StatusReport.Worker(1, "local", Optional.empty())),
                Optional.of(warned),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                "gone",
                Optional.empty(),
                new Verdict(false, "why"),
                List.of());

        assertThat(StatusText.of(report, Style.PLAIN))
                .contains("  warning    one two\n")
                .contains("  copied     3 of 40 objects · 1.0 MB of about 10.0 MB\n")
                .contains("  apply      strict, not begun, 1,204 times written one by one after a refusal\n")
                .contains("  in order   public.log: no key\n  in order   public.odd: a rule\n")
                .doesNotContain("  format ")
                .contains("since unknown");
    }
}
