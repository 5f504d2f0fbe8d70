package org.pgmigrator.cli.render;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.error.Failure;

/// A failure as the operator reads it on stderr.
///
/// ```
/// error SLOT_INVALIDATED: replication slot "pgm_orders" can no longer be read.
///   why    the source removed WAL the slot needs (wal_status=lost, max_slot_wal_keep_size=10GB)
///   state  source untouched and serving; target holds a partial copy; slot still exists
///   do     raise max_slot_wal_keep_size on the source
///          then: pg-migrator migrate ...
///   log    ./pg-migrator.log            exit 5
/// ```
public final class FailureText {

    private static final String INDENT = "         ";

    private FailureText() {}

    /// The lines, each ended.
    public static String of(Failure failure, Optional<Path> log, Style style) {
        StringBuilder text = new StringBuilder();
        text.append(style.bad("error " + failure.kind() + ":"))
                .append(' ')
                .append(String.join("\n" + INDENT, lines(failure.what())))
                .append('\n');
        add(text, "why", lines(failure.why()));
        add(text, "state", lines(failure.state()));
        add(
                text,
                "do",
                failure.remedy().stream().flatMap(step -> lines(step).stream()).toList());
        String exit = "exit " + failure.kind().exitCode().number();
        if (log.isPresent()) {
            add(text, "log", List.of(log.get() + INDENT + "   " + exit));
        } else {
            add(text, "exit", List.of(exit.substring(5)));
        }
        return text.toString();
    }

    static void add(StringBuilder text, String label, List<String> lines) {
        String head = "  " + label + " ".repeat(7 - label.length());
        for (String line : lines) {
            text.append(head).append(line).append('\n');
            head = INDENT;
        }
    }

    /// Tools and servers answer in several lines: all of them are kept, blank ones are not.
    static List<String> lines(String text) {
        List<String> result = new ArrayList<>();
        text.lines().map(String::stripTrailing).filter(line -> !line.isBlank()).forEach(result::add);
        return result;
    }
}
