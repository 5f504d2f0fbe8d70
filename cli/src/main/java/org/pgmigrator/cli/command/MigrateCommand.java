package org.pgmigrator.cli.command;

import java.util.List;
import java.util.concurrent.Callable;
import org.pgmigrator.cli.log.LogFile;
import org.pgmigrator.cli.option.MigrationOptions;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.session.Session;
import org.pgmigrator.cli.signal.InterruptPolicy;
import org.pgmigrator.cli.signal.SignalTarget;
import org.pgmigrator.core.config.MigrationConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.error.ExitCode;
import org.pgmigrator.core.phase.Migration;
import org.pgmigrator.core.progress.ProgressEvent;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `migrate`: the whole migration, from the checks to the cutover.
@Command(
        name = "migrate",
        sortOptions = false,
        customSynopsis = "pg-migrator migrate --source <conninfo> --target <conninfo> [OPTION]...",
        description = "Moves a database to another server while it is being written to; Ctrl+C cuts over.",
        footer = {
            "",
            "In brackets: the environment variable that stands for the option; the command line wins.",
            "The cutover locks the source's tables, and closes them at its end. With --source-lock read-only or none it does "
                    + "not: stop all writes to the source before it."
        })
public final class MigrateCommand implements Callable<Integer> {

    private final Session session;

    @Mixin
    private MigrationOptions options = new MigrationOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    public MigrateCommand(Session session) {
        this.session = session;
    }

    @Override
    @SuppressWarnings("try") // open while the migration runs
    public Integer call() {
        MigrationConfig config = options.toConfig();
        OperatorControl control = new OperatorControl();
        Renderer renderer = session.begin(output, output.logFile().orElse(LogFile.DEFAULT), control::onInterrupt);
        options.exposedPasswordWarning().ifPresent(warning -> renderer.on(new ProgressEvent.Warning(warning)));
        try (InterruptPolicy ignored =
                InterruptPolicy.install(SignalTarget.of(control), renderer, leftBehind(config))) {
            new Migration(config, session.console().environment(), renderer, session.questions(options.yes()), control)
                    .run();
        }
        return ExitCode.DONE.number();
    }

    /// What is left when the process is ended in the middle of its undoing: a forgotten slot fills the source's disk.
    private static List<String> leftBehind(MigrationConfig config) {
        ReplicationConfig names = config.replication();
        return List.of(
                "on the source: SELECT pg_drop_replication_slot('" + names.slotName() + "');",
                "on the source: DROP PUBLICATION IF EXISTS " + QualifiedName.quote(names.ownPublication()) + ", "
                        + QualifiedName.quote(names.insertOnlyPublication()) + ";",
                "on the target: DROP SCHEMA IF EXISTS pgmigrator CASCADE; and tables restored in part",
                "here: processes pg_dump and pg_restore, and the folder of the dump");
    }
}
