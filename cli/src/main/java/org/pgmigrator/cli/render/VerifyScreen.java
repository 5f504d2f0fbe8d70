package org.pgmigrator.cli.render;

import java.io.PrintStream;
import java.time.InstantSource;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A comparison alone, for a person: what differs in full, what is equal in a line where its content was compared.
///
/// Everything is written down in the log. Thread-safe: one event at a time.
public final class VerifyScreen implements ProgressListener {

    private static final Logger log = LoggerFactory.getLogger(VerifyScreen.class);

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
    private static final String INDENT = "         ";

    private final PrintStream out;
    private final InstantSource clock;
    private final Style style;

    public VerifyScreen(PrintStream out, InstantSource clock, Style style) {
        this.out = out;
        this.clock = clock;
        this.style = style;
    }

    @Override
    public synchronized void on(ProgressEvent event) {
        log.info("{}", event);
        if (event instanceof ProgressEvent.VerifyProgress progress) {
            say(VerifyText.of(progress));
        } else if (event instanceof ProgressEvent.VerifyResult result) {
            if (!result.equal() || result.level() == VerifyLevel.CONTENT) {
                say(VerifyText.of(result, style));
            }
        } else if (event instanceof ProgressEvent.Warning warning) {
            say(style.attention("warning") + ": " + warning.text());
        } else if (event instanceof ProgressEvent.Notice notice) {
            say(notice.text());
        } else if (event instanceof ProgressEvent.Complete complete) {
            say(style.good("Equal."));
            complete.summary().forEach(fact -> out.println(INDENT + fact));
        }
        out.flush();
    }

    private void say(String text) {
        String time = TIME.format(LocalTime.ofInstant(clock.instant(), ZoneId.systemDefault()));
        out.println(style.lineStart() + time + " " + String.join("\n" + INDENT, FailureText.lines(text)));
    }
}
