package org.pgmigrator.cli.session;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.log.LogFile;
import org.pgmigrator.cli.option.OutputOptions;
import org.pgmigrator.cli.render.JsonRenderer;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.cli.render.Style;
import org.pgmigrator.cli.render.TextRenderer;
import org.pgmigrator.core.control.Confirmation;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.ProgressEvent;

/// One run of one command. Opened empty; a command that works begins it, whoever opened it closes it.
///
/// Used by one thread; the renderer that it hands out is thread-safe.
public final class Session implements AutoCloseable {

    private final Console console;
    private @Nullable LogFile log;
    private @Nullable Renderer renderer;

    public Session(Console console) {
        this.console = console;
    }

    /// Opens the log file and chooses how the run is shown.
    ///
    /// @param logFile     where to log
    /// @param onInterrupt what the next Ctrl+C does, for the screen
    public Renderer begin(OutputOptions options, Path logFile, Supplier<OnInterrupt> onInterrupt) {
        return begin(
                options,
                logFile,
                new TextRenderer(console.out(), console.err(), console.clock(), console.style(), onInterrupt));
    }

    /// The same for a command that migrates nothing itself.
    public Renderer begin(OutputOptions options) {
        return begin(
                options,
                options.logFile().orElse(LogFile.DEFAULT),
                TextRenderer.ofBystander(console.out(), console.err(), console.clock(), console.style()));
    }

    private Renderer begin(OutputOptions options, Path logFile, TextRenderer text) {
        LogFile opened = LogFile.open(logFile);
        log = opened;
        Renderer shown = new LoggedRenderer(
                options.json() ? new JsonRenderer(console.out(), console.err(), console.clock()) : text);
        renderer = shown;
        opened.refused()
                .ifPresent(refused -> shown.on(new ProgressEvent.Warning(
                        "the log file " + refused + " cannot be written; logging to " + opened.path() + " instead")));
        return shown;
    }

    public Console console() {
        return console;
    }

    public Style style() {
        return console.style();
    }

    public Confirmation questions(boolean assumeYes) {
        return new Questions(console.err(), console.terminal(), assumeYes);
    }

    /// How the run is shown; empty until a command has begun.
    public Optional<Renderer> renderer() {
        return Optional.ofNullable(renderer);
    }

    public Optional<Path> logPath() {
        return Optional.ofNullable(log).map(LogFile::path);
    }

    /// Ends the log file before the session, so that it can be removed; a later failure does not point to it.
    public void closeLog() {
        if (log != null) {
            log.close();
            log = null;
        }
    }

    @Override
    public void close() {
        console.out().flush();
        console.err().flush();
        closeLog();
    }
}
