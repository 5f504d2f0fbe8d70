package org.pgmigrator.core.copy;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.pgmigrator.core.config.CopyConfig;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Restores a dump into the target with pg_restore: tables, then their rows, then indexes, constraints and triggers.
///
/// A section begins only if the one before it is free of errors (or they are allowed), so that no hours are spent on
/// rows whose tables are wrong. Runs on the caller's thread; an interrupt ends pg_restore with its workers, and leaves
/// what was restored so far.
///
/// See https://www.postgresql.org/docs/current/app-pgrestore.html
public final class DatabaseRestore {

    private static final Logger LOG = LoggerFactory.getLogger(DatabaseRestore.class);

    private final CopyConfig config;
    private final FilterConfig filter;
    private final Database target;
    private final ClientTools tools;
    private final ProgressListener listener;

    public DatabaseRestore(
            CopyConfig config, FilterConfig filter, Database target, ClientTools tools, ProgressListener listener) {
        this.config = config;
        this.filter = filter;
        this.target = target;
        this.tools = tools;
        this.listener = listener;
    }

    /// The parts that a dump is restored in.
    public enum Section {
        PRE_DATA("pre-data"),
        DATA("data"),
        POST_DATA("post-data");

        private final String option;

        Section(String option) {
            this.option = option;
        }
    }

    /// Restores everything that is in the dump.
    ///
    /// @throws InterruptedException after pg_restore is gone
    /// @throws MigrationException `RESTORE_FAILED` with the errors, or a kind of the target
    public void run(FinishedDump dump) throws InterruptedException {
        run(dump, List.of(Section.values()), Set.of());
    }

    /// Restores some sections.
    ///
    /// @param there what the target has already, as [PostData] has found it
    public void run(FinishedDump dump, List<Section> sections, Set<PostData.Source> there) throws InterruptedException {
        TargetFacts facts = facts();
        TableOfContents contents = restorable(dump, facts, !filter.isEverything())
                .without(entry -> there.contains(PostData.Source.of(entry.origin())));
        try {
            contents.write(dump.folder().list());
        } catch (IOException failure) {
            throw new MigrationException(
                    Failure.of(
                            FailureKind.RESTORE_FAILED,
                            "The list of what to restore cannot be written.",
                            failure.toString()),
                    failure);
        }
        RestoreVerdict verdict = new RestoreVerdict(config.allowRestoreErrors(), target.describe(), listener);
        CopyMonitor monitor = new CopyMonitor(
                Phase.RESTORE, target, listener, contents.entries().size(), dump.totalBytes());
        try (monitor) {
            monitor.start();
            for (Section section : sections) {
                RestoreOutput.Outcome outcome = restore(section, dump, facts.major, contents, monitor);
                LOG.info(
                        "restored section={} exit={} errors={}",
                        section.option,
                        outcome.exit(),
                        outcome.errors().size());
                verdict.judge(section.option, outcome);
            }
            monitor.complete();
        }
    }

    /// Under a filter a schema may be there already: with tables that are not carried, or as every database's `public`.
    private static TableOfContents restorable(FinishedDump dump, TargetFacts facts, boolean filtered) {
        if (!filtered) {
            return dump.contents();
        }
        return dump.contents()
                .without(entry -> dump.createdSchema(entry)
                                .filter(facts.schemas()::contains)
                                .isPresent()
                        || entry.description().startsWith("COMMENT - SCHEMA public "));
    }

    /// What must be known of the target before the restore.
    private record TargetFacts(int major, Set<String> schemas) {}

    private TargetFacts facts() {
        try (Connection connection = target.connect(Session.named("copy catalogue"));
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select nspname from pg_namespace")) {
            Set<String> schemas = new HashSet<>();
            while (row.next()) {
                schemas.add(row.getString(1));
            }
            return new TargetFacts(Catalog.major(connection), schemas);
        } catch (SQLException failure) {
            throw SqlState.toException(target.side(), "The target's schemas cannot be listed.", failure);
        }
    }

    private RestoreOutput.Outcome restore(
            Section section, FinishedDump dump, int targetMajor, TableOfContents contents, CopyMonitor monitor)
            throws InterruptedException {
        // Definitions take no time, and one worker's messages are never mixed.
        int jobs = section == Section.PRE_DATA ? 1 : config.jobs();
        RestoreOutput output = new RestoreOutput(
                contents,
                jobs > 1,
                entry -> monitor.begun(entry.dumpId(), dump.label(entry), dump.bytes(entry)),
                entry -> monitor.finished(entry.dumpId()));
        int exit = ClientRun.run(
                command(section, dump, jobs),
                Optional.of(target.forProgram("pg_restore", targetMajor)),
                FailureKind.RESTORE_FAILED,
                line -> LOG.debug("pg_restore: {}", line),
                output::line);
        return output.outcome(exit);
    }

    private List<String> command(Section section, FinishedDump dump, int jobs) {
        List<String> command = new ArrayList<>();
        Collections.addAll(
                command,
                tools.pgRestore().toString(),
                "--format=directory",
                "--section=" + section.option,
                "--use-list=" + dump.folder().list(),
                "--verbose");
        if (jobs > 1) {
            command.add("--jobs=" + jobs);
        }
        if (config.noOwner()) {
            command.add("--no-owner");
        }
        if (config.noAcl()) {
            command.add("--no-privileges");
        }
        command.add(dump.folder().dump().toString());
        return command;
    }
}
