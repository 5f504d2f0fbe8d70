package org.pgmigrator.cli.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.option.VerifyOptions;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.render.Wording;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.cli.signal.StopSignals;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.VerifyConfig;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.verify.Verification;
import org.pgmigrator.core.verify.VerifyReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `verify`: compares source and target, read only, and names what differs.
@Command(
        name = "verify",
        sortOptions = false,
        customSynopsis = "pg-migrator verify --source <conninfo> --target <conninfo> [OPTION]...",
        description = "Compares source and target, read only: definitions, numbers of rows, or every value.",
        footer = {
            "",
            "Each side is read under one snapshot. While the source is written to, differences may be lag: compare",
            "when nothing is written, or after the cutover.",
            "Exit code 7 if anything differs or could not be compared, otherwise 0.",
            "In brackets: the environment variable that stands for the option; the command line wins."
        })
public final class VerifyCommand implements Callable<Integer> {

    private static final String UNCHANGED = "nothing was changed on either side";

    private final Session session;

    @Mixin
    private VerifyOptions options = new VerifyOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    public VerifyCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        VerifyLevel level = options.level();
        VerifyConfig config = options.config();
        FilterConfig filter = options.filter();
        Database source =
                Database.parse(Side.SOURCE, options.source(), session.console().environment());
        Database target =
                Database.parse(Side.TARGET, options.target(), session.console().environment());
        Renderer renderer = session.begin(output);
        options.exposedPasswordWarning().ifPresent(warning -> renderer.on(new ProgressEvent.Warning(warning)));
        source.warnings().forEach(warning -> renderer.on(new ProgressEvent.Warning(warning)));
        target.warnings().forEach(warning -> renderer.on(new ProgressEvent.Warning(warning)));
        renderer.on(new ProgressEvent.Notice("comparing " + level.name().toLowerCase(Locale.ROOT) + " of "
                + source.describe() + " with " + target.describe() + ", read only"));
        tell(compare(source, target, filter, config, level, renderer), renderer);
        return ExitCode.DONE.number();
    }

    private static VerifyReport compare(
            Database source,
            Database target,
            FilterConfig filter,
            VerifyConfig config,
            VerifyLevel level,
            ProgressListener listener) {
        try (StopSignals signals = StopSignals.interrupting(Thread.currentThread())) {
            try (Verification verification = Verification.open(source, target, filter, config, listener)) {
                return verification.run(level, table -> true, Verification.WITHOUT_LIMIT);
            } catch (InterruptedException stop) {
                throw stopped(signals.kind(), stop);
            } catch (MigrationException failed) {
                // A connection that is being opened ends with an interrupt.
                throw Thread.interrupted() ? stopped(signals.kind(), failed) : unchanged(failed);
            } catch (TimeoutException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
    }

    private static MigrationException stopped(FailureKind kind, Exception cause) {
        return new MigrationException(
                Failure.of(kind, "The comparison was stopped.", "")
                        .withState(UNCHANGED)
                        .withRemedy("Run the same command again."),
                cause);
    }

    private static MigrationException unchanged(MigrationException failed) {
        return new MigrationException(failed.failure().withState(UNCHANGED), failed);
    }

    private static void tell(VerifyReport report, ProgressListener listener) {
        List<String> facts = new ArrayList<>();
        facts.add((report.equal() ? "equal: " : "compared: ") + report.extent() + " in "
                + Wording.duration(report.elapsed()));
        facts.add("source: everything committed before " + report.source().lsn() + " (snapshot "
                + report.source().snapshot() + ")");
        facts.add("target: everything committed before " + report.target().lsn() + " (snapshot "
                + report.target().snapshot() + ")");
        report.applied()
                .ifPresent(applied -> facts.add("a migration had applied the source's changes up to " + applied));
        if (report.equal()) {
            listener.on(new ProgressEvent.Complete(facts));
            return;
        }
        facts.forEach(fact -> listener.on(new ProgressEvent.Notice(fact)));
        try {
            report.requireEqual();
        } catch (MigrationException mismatch) {
            throw new MigrationException(
                    mismatch.failure()
                            .withState(UNCHANGED)
                            .withRemedy(report.applied()
                                    .map(applied -> "A migration streams into this target: differences may be lag. "
                                            + "Compare again when nothing is written to the source.")
                                    .orElse("If the target has been opened, it is written to and differs for that "
                                            + "reason; otherwise do not open it, and find the cause first.")),
                    mismatch);
        }
    }
}
