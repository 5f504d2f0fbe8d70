package org.pgmigrator.core.copy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.copy.TableOfContents.Entry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Understands what `pg_restore --verbose` writes to stderr: items begun and finished, and errors with their object.
///
/// The workers of a parallel restore write to the same stream, each message in several pieces, so lines can be mixed.
/// An error then may get a neighbour's object, but none is lost: the errors are counted against the exit code and the
/// tool's own count. Thread-safe.
///
/// Source: `warn_or_exit_horribly` in
/// https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_backup_archiver.c
final class RestoreOutput {

    private static final Logger LOG = LoggerFactory.getLogger(RestoreOutput.class);

    private static final Pattern PREFIX = Pattern.compile("^(pg_restore: ?)+ *");
    private static final Pattern FROM_ENTRY = Pattern.compile("from TOC entry (\\d+); ");
    private static final Pattern PARALLEL_ITEM = Pattern.compile("(launching|finished) item (\\d+) ");
    private static final Pattern SERIAL_ITEM =
            Pattern.compile("^(?:creating|executing) ((?:[A-Z]+ )+)|^processing data for table ");
    private static final Pattern IGNORED = Pattern.compile("errors ignored on restore: (\\d+)");

    /// What the other half of a mixed line can be taken for; never the beginning of an error's own words.
    private static final Pattern PROGRESS =
            Pattern.compile("^(launching|finished|skipping|processing|creating|executing|restor|while |from TOC)");

    private static final String COMMAND = "Command was: ";

    /// The beginnings of two workers' errors in one line: `pg_restore: pg_restore: error: error: could not ...`.
    private static final Pattern MIXED_ERRORS = Pattern.compile("^((pg_restore: *)*error: *)+");

    private final Map<Integer, Entry> byDumpId;
    private final List<Entry> inOrder;
    private final boolean parallel;
    private final Consumer<Entry> begun;
    private final Consumer<Entry> finished;
    private final List<RestoreError> errors = new ArrayList<>();

    private int ignoredByTool;
    private int serialPosition;
    private @Nullable Entry serialItem;
    private String object = "";
    private StringBuilder message = new StringBuilder();
    private String command = "";
    private boolean inError;

    /// @param contents what is restored
    /// @param parallel whether more than one worker restores
    /// @param begun    receives each item that is begun
    /// @param finished receives each item that is finished
    RestoreOutput(TableOfContents contents, boolean parallel, Consumer<Entry> begun, Consumer<Entry> finished) {
        this.byDumpId = contents.byDumpId();
        this.inOrder = contents.entries();
        this.parallel = parallel;
        this.begun = begun;
        this.finished = finished;
    }

    synchronized void line(String line) {
        Matcher prefix = PREFIX.matcher(line);
        if (prefix.find()) {
            message(line.substring(prefix.end()));
        } else if (inError) {
            continuation(line);
        }
    }

    private void message(String text) {
        Matcher entry = FROM_ENTRY.matcher(text);
        Matcher ignored = IGNORED.matcher(text);
        int error = text.indexOf("error: ");
        if (error >= 0) {
            closeError();
            inError = true;
            append(words(text.substring(error)));
        } else if (text.startsWith("detail: ") || text.startsWith("hint: ")) {
            if (inError) {
                continuation(text.substring(text.indexOf(' ') + 1));
            }
        } else {
            closeError();
            if (entry.find()) {
                object = object(Integer.parseInt(entry.group(1)));
            } else if (ignored.find()) {
                ignoredByTool += Integer.parseInt(ignored.group(1));
            } else if (parallel) {
                parallelItem(text);
            } else {
                serialItem(text);
            }
            LOG.debug("pg_restore: {}", text);
        }
    }

    private void continuation(String line) {
        if (!command.isEmpty() || line.isBlank()) {
            return;
        }
        if (line.startsWith(COMMAND)) {
            command = line.replace(COMMAND, "");
        } else if (message.isEmpty()) {
            append(line);
        } else if (line.startsWith("HINT: ") || (line.startsWith("DETAIL: ") && !holdsValues(line))) {
            message.append(' ').append(line.replaceAll(" {2,}", " "));
        }
    }

    /// A detail like `Key (email)=(a@example.org) is duplicated.` or `Failing row contains (...)`.
    private boolean holdsValues(String detail) {
        return message.indexOf("COPY failed") == 0 || detail.contains(")=(") || detail.contains("row contains");
    }

    private static String words(String error) {
        return MIXED_ERRORS.matcher(error).replaceFirst("");
    }

    private void append(String words) {
        if (!PROGRESS.matcher(words).find()) {
            message.append(words.replace("could not execute query: ", "").replaceAll(" {2,}", " "));
        }
    }

    private void closeError() {
        if (inError) {
            String words = message.isEmpty() ? "an error without words" : message.toString();
            RestoreError error = new RestoreError(object, words, command);
            LOG.info("pg_restore reports an error object=\"{}\" message=\"{}\"", object, words);
            errors.add(error);
        }
        inError = false;
        message = new StringBuilder();
        command = "";
    }

    private void parallelItem(String text) {
        Matcher item = PARALLEL_ITEM.matcher(text);
        if (item.find()) {
            Entry entry = byDumpId.get(Integer.parseInt(item.group(2)));
            if (entry != null) {
                (item.group(1).equals("finished") ? finished : begun).accept(entry);
            }
        }
    }

    /// One worker alone names no numbers and says only what it begins; but it goes through the entries in their order.
    private void serialItem(String text) {
        Matcher item = SERIAL_ITEM.matcher(text);
        if (!item.find()) {
            return;
        }
        String type = item.group(1) == null ? "TABLE DATA " : item.group(1);
        for (int i = serialPosition; i < inOrder.size(); i++) {
            Entry entry = inOrder.get(i);
            if (entry.description().startsWith(type)) {
                serialPosition = i + 1;
                finishSerialItem();
                serialItem = entry;
                begun.accept(entry);
                return;
            }
        }
    }

    private void finishSerialItem() {
        if (serialItem != null) {
            finished.accept(serialItem);
            serialItem = null;
        }
    }

    private String object(int dumpId) {
        Entry entry = byDumpId.get(dumpId);
        return entry == null ? "entry " + dumpId : entry.object();
    }

    /// What came of it; to be asked after the end.
    ///
    /// @param exit pg_restore's exit code
    synchronized Outcome outcome(int exit) {
        closeError();
        finishSerialItem();
        // Parallel workers' errors are counted by the worker and again by the leader.
        boolean complete = errors.size() * (parallel ? 2 : 1) >= ignoredByTool && (exit == 0 || !errors.isEmpty());
        boolean reachedEnd = exit == 0 || ignoredByTool > 0;
        return new Outcome(errors, reachedEnd, complete, exit);
    }

    /// Everything that pg_restore complained of.
    ///
    /// @param errors     in the order in which they came
    /// @param reachedEnd it went on to the end of the section, whatever failed on the way
    /// @param complete   the errors read account for the exit code and the tool's own count
    /// @param exit       the exit code
    record Outcome(List<RestoreError> errors, boolean reachedEnd, boolean complete, int exit) {
        Outcome {
            errors = List.copyOf(errors);
        }
    }
}
