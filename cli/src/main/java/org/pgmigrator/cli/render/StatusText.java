package org.pgmigrator.cli.render;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.pgmigrator.core.status.StatusReport;
import org.pgmigrator.core.status.StatusReport.Account;
import org.pgmigrator.core.status.StatusReport.Copied;
import org.pgmigrator.core.status.StatusReport.SourceSide;
import org.pgmigrator.decoder.Lsn;

/// How a migration stands, for a person: always the same lines in the same order, the verdict last.
///
/// ```
/// migration "pg_migrator": CaughtUp
///   process    pid 4711 on db7, at work since 2026-03-01 12:01:10; heard of 1 s ago
///   positions  source 0/5A3C1F8 · received 0/5A3C1F8 · applied 0/5A3C1F8 · confirmed 0/5A3C1F8
///   lag        0 bytes (0.1 s)
///   rates      source writes 1.2 MB/s · target takes 1.2 MB/s · 3,410 changes/s
///   slot       "pg_migrator" ok, in use · WAL held 12.0 MB · no limit
/// Safe to cut over: YES: the target has caught up …
/// ```
public final class StatusText {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
    private static final int LABEL = 11;

    /// A rest that is caught up with sooner is not worth a forecast.
    private static final long SMALL_LAG = 1 << 20;

    private static final int MAX_IN_ORDER = 10;

    private final StatusReport report;
    private final Style style;
    private final StringBuilder text = new StringBuilder();

    private StatusText(StatusReport report, Style style) {
        this.report = report;
        this.style = style;
    }

    /// The lines, each ended.
    public static String of(StatusReport report, Style style) {
        return new StatusText(report, style).write();
    }

    private String write() {
        report.migration().ifPresentOrElse(this::migration, this::none);
        text.append("Safe to cut over: ")
                .append(report.verdict().safe() ? style.good("YES") : style.attention("NO"))
                .append(": ")
                .append(report.verdict().why())
                .append('\n');
        return text.toString();
    }

    private void none() {
        text.append("no migration \"").append(report.subscription()).append("\" on this target; ");
        text.append(
                report.others().isEmpty()
                        ? "none was begun, or it was completed or aborted, and its state removed\n"
                        : "it has: " + String.join(", ", report.others()) + "\n");
    }

    private void migration(StatusReport.Migration migration) {
        String how = migration.opened()
                ? ", complete: the target is open"
                : migration.aborting() ? ", being aborted" : report.worker().isEmpty() ? ", stopped" : "";
        text.append("migration \"")
                .append(report.subscription())
                .append("\": ")
                .append(style.strong(migration.phase().title()))
                .append(how)
                .append('\n');
        line("begun", time(migration.startedAt()));
        line("process", process());
        report.account().filter(account -> report.worker().isPresent()).ifPresent(this::account);
        positions();
        line("lag", lag());
        line("rates", rates());
        line("slot", slot(migration.slot()));
        report.spool().ifPresent(spool -> line("spool", spool(spool)));
        report.copy().ifPresent(copy -> line("copy", copy(copy)));
        line("lock", lock());
        if (report.lanes().size() > 1) {
            lanes();
        }
        migration.created().forEach(what -> line("created", what));
        report.account()
                .filter(account -> report.worker().isPresent())
                .ifPresent(account -> line("Ctrl+C", "there: " + Wording.brief(account.onInterrupt())));
        report.next().forEach(next -> line("next", next));
    }

    private String process() {
        if (report.worker().isEmpty()) {
            return "none at work"
                    + report.account()
                            .map(account -> "; the last one, pid " + account.processId() + " on " + account.host()
                                    + ", " + ended(account) + " " + ago(account.age()))
                            .orElse("");
        }
        StatusReport.Worker worker = report.worker().get();
        String who = report.account()
                .map(account -> "pid " + account.processId() + " on " + account.host())
                .orElse("unknown");
        return who + ", connected from " + worker.address() + " (backend " + worker.backend() + ") since "
                + worker.since().map(StatusText::time).orElse("unknown")
                + report.account()
                        .map(account -> "; heard of " + ago(account.age()))
                        .orElse("");
    }

    private static String ended(Account account) {
        return account.ending().isEmpty() ? "was killed or cut off, last heard of" : "ended (" + account.ending() + ")";
    }

    private void account(Account account) {
        if (!account.detail().isEmpty()) {
            line("doing", account.detail());
        }
        account.copied().ifPresent(copied -> line("copied", copied(copied)));
        line("apply", account.apply() + ", " + lanesCount() + fallbacks(account));
        if (!account.wireFormat().isEmpty()) {
            line("format", account.wireFormat() + ": " + account.formatReason());
        }
        account.inOrder().stream().limit(MAX_IN_ORDER).forEach(table -> line("in order", table));
        if (account.inOrder().size() > MAX_IN_ORDER) {
            line("in order", "and " + (account.inOrder().size() - MAX_IN_ORDER) + " more tables; --json has them all");
        }
        if (!account.warning().isEmpty()) {
            line("warning", style.attention(String.join(" ", FailureText.lines(account.warning()))));
        }
    }

    private static String fallbacks(Account account) {
        return account.fallbacks() == 0
                ? ""
                : ", " + Wording.count(account.fallbacks()) + " times written one by one after a refusal";
    }

    private String lanesCount() {
        int lanes = report.lanes().size();
        return lanes == 0 ? "not begun" : lanes == 1 ? "one lane" : lanes + " lanes";
    }

    private static String copied(Copied copied) {
        return Wording.count(copied.objectsDone())
                + (copied.objectsTotal() > 0 ? " of " + Wording.count(copied.objectsTotal()) : "") + " objects · "
                + Wording.size(copied.bytesDone())
                + (copied.bytesTotal() > 0 ? " of about " + Wording.size(copied.bytesTotal()) : "");
    }

    private void positions() {
        List<String> positions = new ArrayList<>();
        positions.add("source " + known(report.source().map(SourceSide::flushed)));
        if (report.worker().isPresent()) {
            positions.add("received " + known(report.account().flatMap(Account::receivedLsn)));
        }
        positions.add("applied " + known(report.leastLane().map(StatusReport.Lane::applied)));
        positions.add("confirmed " + known(report.source().flatMap(SourceSide::confirmed)));
        line("positions", String.join(" · ", positions));
    }

    private static String known(Optional<Lsn> position) {
        return position.map(Lsn::toString).orElse("unknown");
    }

    private String lag() {
        OptionalLong bytes = report.lagBytes();
        OptionalDouble seconds = report.worker().isPresent()
                ? report.account().map(Account::lagSeconds).orElse(OptionalDouble.empty())
                : OptionalDouble.empty();
        return (bytes.isPresent() ? Wording.count(bytes.getAsLong()) + " bytes" : "unknown") + " ("
                + Wording.seconds(seconds) + ")";
    }

    private String rates() {
        OptionalDouble changes = report.worker().isPresent()
                ? report.account().map(Account::changesPerSecond).orElse(OptionalDouble.empty())
                : OptionalDouble.empty();
        String perSecond = changes.isPresent()
                ? String.format(Locale.ROOT, "%,.0f changes/s", changes.getAsDouble())
                : "changes/s unknown";
        return report.rates()
                        .map(rates -> "source writes " + Wording.size((long) rates.written())
                                + "/s · target takes " + Wording.size((long) rates.applied()) + "/s"
                                + forecast(rates))
                        .orElse("unknown")
                + " · " + perSecond;
    }

    private String forecast(StatusReport.Rates rates) {
        OptionalLong lag = report.lagBytes();
        if (lag.isEmpty() || lag.getAsLong() < SMALL_LAG) {
            return "";
        }
        double gain = rates.applied() - rates.written();
        return gain <= 0
                ? " · does not catch up at this rate"
                : " · caught up in about " + Wording.duration(Duration.ofSeconds((long) (lag.getAsLong() / gain)));
    }

    private String slot(String name) {
        String quoted = "\"" + name + "\" ";
        if (report.source().isEmpty()) {
            return quoted + "unknown: " + String.join(" ", FailureText.lines(report.sourceUnknown()));
        }
        SourceSide source = report.source().get();
        if (source.walStatus().equals("missing")) {
            return quoted + "does not exist";
        }
        return quoted + ProgressText.slot(source.walStatus()) + (source.active() ? ", in use" : ", not in use")
                + " · WAL held "
                + (source.retainedBytes().isPresent()
                        ? Wording.size(source.retainedBytes().getAsLong())
                        : "unknown")
                + " · "
                + (source.safeBytes().isPresent()
                        ? "room for " + Wording.size(source.safeBytes().getAsLong()) + " more"
                        : "no limit")
                + source.pinnedBy()
                        .map(who -> " · " + Wording.size(source.pinnedBytes())
                                + " are kept although confirmed, until this transaction ends: " + who)
                        .orElse("");
    }

    private static String copy(StatusReport.Copy copy) {
        return copy.complete()
                + (copy.partsTotal() == 0
                        ? ""
                        : " · " + copy.partsDone() + " of " + copy.partsTotal() + " parts of the rows")
                + (copy.needsSnapshot()
                        ? " · snapshot of " + copy.since()
                                + copy.holder()
                                        .map(holder -> " held by snapshot-holder, " + holder)
                                        .orElse(" held by nobody but the process at work")
                        : "");
    }

    private static String spool(StatusReport.Spool spool) {
        return Wording.size(spool.bytes()) + " of at most " + Wording.size(spool.limitBytes()) + " in "
                + spool.directory() + " on " + spool.host() + " · confirmed up to " + spool.confirmedUpto();
    }

    private String lock() {
        if (report.source().isEmpty()) {
            return "unknown";
        }
        return report.source()
                .get()
                .lock()
                .map(lock -> "tables of the source locked: " + lock.relations() + " by backend " + lock.backend()
                        + " for " + Wording.duration(lock.age()) + (lock.waiting() ? ", waiting for one more" : "")
                        + ", " + lock.writers() + " sessions wait for it")
                .orElseGet(() -> report.source()
                        .get()
                        .closedSince()
                        .map(since -> "the source is closed by a cutover, and takes no writes since " + since)
                        .orElse("none on the source"));
    }

    private void lanes() {
        for (int lane = 0; lane < report.lanes().size(); lane++) {
            line("lane " + lane, "applied " + report.lanes().get(lane).applied());
        }
    }

    /// Where the migration is and since when it has been heard of, for a line that is replaced.
    static String ago(Duration age) {
        Duration shown = age.isNegative() ? Duration.ZERO : age;
        return shown.toMillis() < 10_000
                ? String.format(Locale.ROOT, "%.1f s ago", shown.toMillis() / 1000.0)
                : Wording.duration(shown) + " ago";
    }

    private static String time(Instant instant) {
        return TIME.format(LocalDateTime.ofInstant(instant, ZoneId.systemDefault()));
    }

    private void line(String label, String value) {
        text.append("  ").append(label).append(" ".repeat(Math.max(1, LABEL - label.length())));
        text.append(value).append('\n');
    }
}
