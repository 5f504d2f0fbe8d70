package org.pgmigrator.cli.command;

import java.util.List;
import java.util.concurrent.Callable;
import org.pgmigrator.cli.log.LogFile;
import org.pgmigrator.cli.option.MigrationOptions;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.render.FindingText;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.cli.signal.InterruptPolicy;
import org.pgmigrator.cli.signal.SignalTarget;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.phase.Migration;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.progress.ProgressListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `check`: everything that `migrate` looks at before it changes anything, and nothing else.
@Command(
        name = "check",
        sortOptions = false,
        customSynopsis = "pg-migrator check --source <conninfo> --target <conninfo> [OPTION]...",
        description = "Looks at both sides, read only, and lists what stands in the way of a migration, with remedies.",
        footer = {
            "",
            "Takes the options of migrate. Exit code 3 if anything stands in the way, otherwise 0.",
            "In brackets: the environment variable that stands for the option; the command line wins."
        })
public final class CheckCommand implements Callable<Integer> {

    private static final Logger log = LoggerFactory.getLogger(CheckCommand.class);

    private final Session session;

    @Mixin
    private MigrationOptions options = new MigrationOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    public CheckCommand(Session session) {
        this.session = session;
    }

    @Override
    @SuppressWarnings("try") // open while the migration runs
    public Integer call() {
        MigrationConfig config = options.toConfig();
        OperatorControl control = new OperatorControl();
        Renderer renderer = session.begin(output, output.logFile().orElse(LogFile.DEFAULT), control::onInterrupt);
        options.exposedPasswordWarning().ifPresent(warning -> renderer.on(new ProgressEvent.Warning(warning)));
        try (InterruptPolicy ignored = InterruptPolicy.install(SignalTarget.of(control), renderer, List.of())) {
            report(
                    new Migration(
                                    config,
                                    session.console().environment(),
                                    output.json() ? renderer : quietUntilReported(renderer),
                                    session.questions(options.yes()),
                                    control)
                            .check(),
                    renderer);
        }
        return ExitCode.DONE.number();
    }

    /// A person reads all findings at the end, sorted; until then they are only logged.
    private static ProgressListener quietUntilReported(Renderer renderer) {
        return event -> {
            if (event instanceof ProgressEvent.Warning || event instanceof ProgressEvent.Failed) {
                renderer.on(event);
            } else {
                log.info("{}", event);
            }
        };
    }

    private void report(List<Finding> findings, Renderer renderer) {
        if (!output.json()) {
            session.console().out().print(FindingText.report(findings, session.style()));
            session.console().out().flush();
        }
        long errors = findings.stream()
                .filter(finding -> finding.severity() == Finding.Severity.ERROR)
                .count();
        if (errors > 0) {
            throw new MigrationException(Failure.of(
                            FailureKind.CHECK_REFUSED,
                            errors == 1 ? "one finding stands in the way." : errors + " findings stand in the way.",
                            "")
                    .withState("nothing was changed on either side"));
        }
        if (output.json()) {
            renderer.on(new ProgressEvent.Complete(List.of(FindingText.summary(findings))));
        }
    }
}
