package org.pgmigrator.cli.render;

import java.time.Duration;
import java.util.Locale;
import java.util.OptionalDouble;
import org.pgmigrator.core.progress.OnInterrupt;

/// Numbers and recurring sentences, spelt in one way everywhere.
public final class Wording {

    private static final String[] UNITS = {"bytes", "kB", "MB", "GB", "TB", "PB"};

    private Wording() {}

    /// `1,245,184`.
    public static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /// `512 bytes`, `1.2 MB`: powers of 1024 named as PostgreSQL names them.
    static String size(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? count(bytes) + " bytes" : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }

    /// `0.8 s`, or that it is not known.
    static String seconds(OptionalDouble seconds) {
        return seconds.isPresent() ? String.format(Locale.ROOT, "%.1f s", seconds.getAsDouble()) : "time unknown";
    }

    /// `340 ms`, `12.3 s`, `1 h 02 min`: as exact as the length deserves.
    public static String duration(Duration duration) {
        if (duration.toMillis() < 10_000) {
            return count(duration.toMillis()) + " ms";
        }
        if (duration.toMinutes() < 2) {
            return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
        }
        return duration.toHours() == 0
                ? duration.toMinutes() + " min " + String.format(Locale.ROOT, "%02d s", duration.toSecondsPart())
                : duration.toHours() + " h " + String.format(Locale.ROOT, "%02d min", duration.toMinutesPart());
    }

    /// What the next Ctrl+C does, in few words for the end of a line.
    public static String brief(OnInterrupt meaning) {
        return switch (meaning) {
            case END -> "Ctrl+C ends the demo";
            case STOP_AND_REMOVE -> "Ctrl+C stops and undoes";
            case CUT_OVER -> "Ctrl+C cuts over";
            case STOP_NOW, STOP_UNDECIDED -> "Ctrl+C stops now";
            case NOTHING -> "Ctrl+C does nothing now";
        };
    }

    /// What the next Ctrl+C does, in full.
    public static String inFull(OnInterrupt meaning) {
        return switch (meaning) {
            case END -> "Ctrl+C now: end the demo. Both servers and all its files are removed.";
            case STOP_AND_REMOVE ->
                "Ctrl+C now: stop, and remove what was created on both sides. The source goes on serving.";
            case CUT_OVER ->
                "Ctrl+C now: cut over. The source's tables are locked, and refuse writes when the target is open. (With "
                        + "--source-lock read-only or none they are not: FIRST STOP ALL WRITES TO THE SOURCE, what is written "
                        + "there after the cutover does not reach the target.) "
                        + "(kill -TERM stops without a cutover and keeps the slot for --resume.)";
            case STOP_NOW ->
                "Ctrl+C now: give up the cutover and stop at once. The source goes on serving, slot and progress are "
                        + "kept, and what is left behind is named.";
            case STOP_UNDECIDED ->
                "Ctrl+C now: stop at once. Whether the source is closed by the cutover is not known, and what is not done of "
                        + "it is left to --resume.";
            case NOTHING ->
                "Ctrl+C now: nothing. There is no way back: what is left is to open the target and to clean up.";
        };
    }
}
