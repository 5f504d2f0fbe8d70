package org.pgmigrator.cli.render;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;

/// Lines for a person, appended: each with the time in front, progress on stdout and failures on stderr.
///
/// ```
/// 12:04:31 StreamApply: replication lag 1,245,184 bytes (0.8 s) · applied 0/5A3C1F8 · 3,410 changes/s · slot ok
/// ```
/// What Ctrl+C would do now ends every such line, and is told in full whenever it changes and once a minute.
/// Thread-safe: one event at a time.
public final class TextRenderer implements Renderer {

    /// Often enough for somebody who has just come to the screen.
    private static final Duration REMINDER = Duration.ofMinutes(1);

    /// pg_dump tells each table; a person reads a line every other second.
    private static final Duration COPY_PAUSE = Duration.ofSeconds(2);

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
    private static final String INDENT = "         ";

    private final PrintStream out;
    private final PrintStream err;
    private final InstantSource clock;
    private final LongSupplier pauses;
    private final Style style;
    private final Supplier<OnInterrupt> onInterrupt;
    private final boolean reminds;

    private @Nullable OnInterrupt toldMeaning;
    private long toldAt;
    private boolean copyLineDue = true;
    private long copyLineAt;
    private long checksPassed;
    private @Nullable Failure shown;

    /// @param onInterrupt what the next Ctrl+C does
    public TextRenderer(
            PrintStream out, PrintStream err, InstantSource clock, Style style, Supplier<OnInterrupt> onInterrupt) {
        this(out, err, clock, System::nanoTime, style, onInterrupt, true);
    }

    /// For a command that migrates nothing itself: it says nothing about Ctrl+C.
    public static TextRenderer ofBystander(PrintStream out, PrintStream err, InstantSource clock, Style style) {
        return new TextRenderer(out, err, clock, System::nanoTime, style, () -> OnInterrupt.NOTHING, false);
    }

    /// @param clock  for the time of day that a line begins with, and for nothing else: it may jump
    /// @param pauses what `System.nanoTime()` is
    TextRenderer(
            PrintStream out,
            PrintStream err,
            InstantSource clock,
            LongSupplier pauses,
            Style style,
            Supplier<OnInterrupt> onInterrupt,
            boolean reminds) {
        this.reminds = reminds;
        this.out = out;
        this.err = err;
        this.clock = clock;
        this.pauses = pauses;
        this.style = style;
        this.onInterrupt = onInterrupt;
    }

    @Override
    public synchronized void failed(Failure failure, Optional<Path> log) {
        tellPassedChecks();
        if (!failure.equals(shown)) {
            shown = failure;
            out.flush();
            err.print(FailureText.of(failure, log, style));
            err.flush();
        }
    }

    @Override
    public synchronized void on(ProgressEvent event) {
        if (!(event instanceof ProgressEvent.Finding)) {
            tellPassedChecks();
        }
        switch (event) {
            case ProgressEvent.Finding finding -> finding(finding);
            case ProgressEvent.PhaseStarted started -> {
                copyLineDue = true;
                line(started.phase(), started.detail());
            }
            case ProgressEvent.CopyProgress progress -> copy(progress);
            case ProgressEvent.Lag lag -> line(lag.phase(), ProgressText.lag(lag) + " · " + Wording.brief(meaning()));
            case ProgressEvent.SpoolNews spool -> say(ProgressText.spool(spool));
            case ProgressEvent.WireFormatChosen chosen ->
                say("values come in " + (chosen.binary() ? "binary" : "text") + " form: " + chosen.reason());
            case ProgressEvent.AppliedInOrder ordered ->
                say("changes of " + ordered.table() + " are written one by one: " + ordered.reason());
            case ProgressEvent.CaughtUp caughtUp ->
                line(
                        Phase.CAUGHT_UP,
                        style.good("the target has caught up") + ": " + Wording.count(caughtUp.lagBytes())
                                + " bytes behind · applied " + caughtUp.appliedLsn());
            case ProgressEvent.FellBehind fellBehind ->
                line(
                        Phase.STREAM_APPLY,
                        style.attention("the target fell behind") + ": " + Wording.count(fellBehind.lagBytes())
                                + " bytes (" + Wording.seconds(fellBehind.lagSeconds()) + ") · applied "
                                + fellBehind.appliedLsn());
            case ProgressEvent.CutoverStep step -> line(Phase.CUTOVER, ProgressText.step(step));
            case ProgressEvent.CutoverComplete complete ->
                line(Phase.CUTOVER, style.good("complete") + ProgressText.complete(complete));
            case ProgressEvent.VerifyProgress progress -> say(VerifyText.of(progress));
            case ProgressEvent.VerifyResult result -> compared(result);
            case ProgressEvent.Notice notice -> say(notice.text());
            case ProgressEvent.Warning warning -> say(style.attention("warning") + ": " + warning.text());
            case ProgressEvent.Failed failed -> failed(failed.failure(), Optional.empty());
            case ProgressEvent.Complete complete -> complete(complete.summary());
        }
        remind(event);
        out.flush();
    }

    /// What is equal takes a line only where its content was read, and not in the middle of a cutover.
    private void compared(ProgressEvent.VerifyResult result) {
        if (!result.equal() || (!reminds && result.level() == VerifyLevel.CONTENT)) {
            say(VerifyText.of(result, style));
        }
    }

    private void finding(ProgressEvent.Finding finding) {
        if (finding.severity() == Severity.OK) {
            checksPassed++;
            return;
        }
        say(FindingText.of(finding, style));
    }

    private void tellPassedChecks() {
        if (checksPassed > 0) {
            line(Phase.VALIDATE, checksPassed + (checksPassed == 1 ? " check passed" : " checks passed"));
            checksPassed = 0;
        }
    }

    private void copy(ProgressEvent.CopyProgress progress) {
        boolean allDone = progress.objectsTotal() > 0 && progress.objectsDone() == progress.objectsTotal();
        long now = pauses.getAsLong();
        if (allDone || copyLineDue || now - copyLineAt >= COPY_PAUSE.toNanos()) {
            copyLineDue = false;
            copyLineAt = now;
            line(progress.phase(), ProgressText.copy(progress) + " · " + Wording.brief(meaning()));
        }
    }

    private void complete(List<String> summary) {
        say(style.good("Done."));
        summary.forEach(fact -> out.println(INDENT + String.join("\n" + INDENT, FailureText.lines(fact))));
    }

    /// Tells what Ctrl+C does now if it has changed, or if nobody has read it for a while.
    private void remind(ProgressEvent event) {
        boolean over = event instanceof ProgressEvent.Complete || event instanceof ProgressEvent.Failed;
        OnInterrupt meaning = meaning();
        boolean due = pauses.getAsLong() - toldAt >= REMINDER.toNanos();
        if (!reminds || over || (meaning == toldMeaning && !due)) {
            return;
        }
        toldMeaning = meaning;
        toldAt = pauses.getAsLong();
        String text = Wording.inFull(meaning);
        say(meaning == OnInterrupt.CUT_OVER ? style.attention(text) : style.quiet(text));
    }

    private OnInterrupt meaning() {
        return onInterrupt.get();
    }

    private void line(Phase phase, String text) {
        say(style.strong(phase.title()) + (text.isEmpty() ? "" : ": " + text));
    }

    private void say(String text) {
        String time = TIME.format(LocalTime.ofInstant(clock.instant(), ZoneId.systemDefault()));
        out.println(style.lineStart() + time + " " + String.join("\n" + INDENT, FailureText.lines(text)));
    }
}
