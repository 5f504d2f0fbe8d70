package org.pgmigrator.core.copy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Understands what `pg_dump --verbose` writes to stderr: tables begun and finished, and why it gave up. Thread-safe.
final class DumpOutput {

    private static final Logger LOG = LoggerFactory.getLogger(DumpOutput.class);

    private static final Pattern PREFIX = Pattern.compile("^(pg_dump: ?)+ *");
    private static final Pattern BEGUN = Pattern.compile("dumping contents of table \"(.*)\"$");
    private static final Pattern FINISHED = Pattern.compile("finished item \\d+ TABLE DATA (.*)$");
    private static final Pattern LOCK_WAIT =
            Pattern.compile("canceling statement due to (statement|lock) timeout.*LOCK TABLE", Pattern.DOTALL);
    private static final Pattern LOCK_REFUSED = Pattern.compile("could not obtain lock on relation");
    private static final Pattern COMPRESSION = Pattern.compile("does not support compression with");
    private static final int KEPT_LINES = 40;

    private final CarriedContents contents;
    private final Map<String, Long> oidsByUnquotedName;
    private final CopyMonitor monitor;
    private final boolean parallel;
    private final List<Long> running = new ArrayList<>();
    private final List<String> complaints = new ArrayList<>();
    private boolean complaining;

    DumpOutput(CarriedContents contents, CopyMonitor monitor, boolean parallel) {
        this.contents = contents;
        this.monitor = monitor;
        this.parallel = parallel;
        this.oidsByUnquotedName = new HashMap<>();
        contents.tableNames().forEach((oid, name) -> oidsByUnquotedName.put(name.schema() + "." + name.name(), oid));
    }

    synchronized void line(String line) {
        Matcher prefix = PREFIX.matcher(line);
        if (!prefix.find()) {
            if (complaining) {
                complain(line.strip());
            }
            return;
        }
        String text = line.substring(prefix.end());
        Matcher begun = BEGUN.matcher(text);
        Matcher finished = FINISHED.matcher(text);
        complaining = text.startsWith("error: ")
                || text.startsWith("fatal: ")
                || text.startsWith("detail: ")
                || text.startsWith("hint: ");
        if (complaining) {
            complain(text);
        } else if (begun.find()) {
            begun(begun.group(1));
        } else if (finished.find()) {
            finishedNamed(finished.group(1));
        }
        LOG.debug("pg_dump: {}", text);
    }

    private void complain(String text) {
        if (complaints.size() < KEPT_LINES && !text.isEmpty()) {
            complaints.add(text);
        }
    }

    private void begun(String unquotedName) {
        Long oid = oidsByUnquotedName.get(unquotedName);
        if (!parallel) {
            running.forEach(monitor::finished);
            running.clear();
        }
        if (oid != null) {
            running.add(oid);
            monitor.begun(oid, name(oid).toString(), contents.tableBytes().getOrDefault(oid, 0L));
        }
    }

    /// The workers' leader tells the table's name without its schema: any running table of that name will do.
    private void finishedNamed(String tableName) {
        for (Long oid : running) {
            if (name(oid).name().equals(tableName)) {
                running.remove(oid);
                monitor.finished(oid);
                return;
            }
        }
    }

    private QualifiedName name(long oid) {
        @Nullable QualifiedName name = contents.tableNames().get(oid);
        return name == null ? new QualifiedName("", Long.toString(oid)) : name;
    }

    /// This pg_dump was built without the wanted compression.
    synchronized boolean refusedCompression() {
        return COMPRESSION.matcher(words()).find();
    }

    /// pg_dump waited for a table's lock, or another session was waiting for one before it.
    synchronized boolean wasKeptFromALock() {
        return LOCK_WAIT.matcher(words()).find()
                || LOCK_REFUSED.matcher(words()).find();
    }

    synchronized MigrationException failure(String source, int exit) {
        String words = words();
        if (words.contains("invalid snapshot identifier")) {
            return new MigrationException(Failure.of(
                    FailureKind.SNAPSHOT_GONE, "The snapshot for the dump is gone: its session has ended.", words));
        }
        if (new RestoreError("", words, "").isConnectionLoss()) {
            FailureKind kind = words.contains("authentication failed")
                    ? FailureKind.SOURCE_AUTHENTICATION
                    : FailureKind.SOURCE_UNREACHABLE;
            return new MigrationException(Failure.of(kind, "pg_dump has lost the source " + source + ".", words));
        }
        Failure failure =
                Failure.of(FailureKind.DUMP_FAILED, "pg_dump of " + source + " ended with code " + exit + ".", words);
        if (words.contains("No space left on device")) {
            failure = failure.withRemedy("Name a folder with more room for the dump, or free some; then run again.");
        } else if (words.contains("permission denied")) {
            failure = failure.withRemedy("Grant the source's user what pg_dump names above, for example: "
                    + "GRANT pg_read_all_data TO <user>; then run again.");
        }
        return new MigrationException(failure);
    }

    private String words() {
        return complaints.isEmpty()
                ? "It gave no reason."
                : complaints.stream()
                        .map(line -> line.replaceFirst("^(error|fatal): ", "").replaceAll(" {2,}", " "))
                        .collect(Collectors.joining("\n"));
    }
}
