package org.pgmigrator.cli.session;

import java.nio.file.Path;
import java.util.Optional;
import org.pgmigrator.cli.render.Renderer;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.progress.ProgressEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes down what is shown, so that the log file tells what the operator saw and when.
final class LoggedRenderer implements Renderer {

    private static final Logger log = LoggerFactory.getLogger("org.pgmigrator.event");

    private final Renderer renderer;

    LoggedRenderer(Renderer renderer) {
        this.renderer = renderer;
    }

    @Override
    public void on(ProgressEvent event) {
        switch (event) {
            case ProgressEvent.Lag ignored -> log.debug("{}", event);
            case ProgressEvent.SpoolNews ignored -> log.debug("{}", event);
            case ProgressEvent.CopyProgress ignored -> log.debug("{}", event);
            case ProgressEvent.Warning ignored -> log.warn("{}", event);
            case ProgressEvent.Failed ignored -> log.error("{}", event);
            case ProgressEvent.PhaseStarted ignored -> log.info("{}", event);
            case ProgressEvent.WireFormatChosen ignored -> log.info("{}", event);
            case ProgressEvent.AppliedInOrder ignored -> log.info("{}", event);
            case ProgressEvent.CaughtUp ignored -> log.info("{}", event);
            case ProgressEvent.FellBehind ignored -> log.info("{}", event);
            case ProgressEvent.CutoverStep ignored -> log.info("{}", event);
            case ProgressEvent.CutoverComplete ignored -> log.info("{}", event);
            case ProgressEvent.Finding ignored -> log.info("{}", event);
            case ProgressEvent.VerifyProgress ignored -> log.debug("{}", event);
            case ProgressEvent.VerifyResult ignored -> log.info("{}", event);
            case ProgressEvent.Notice ignored -> log.info("{}", event);
            case ProgressEvent.Complete ignored -> log.info("{}", event);
        }
        renderer.on(event);
    }

    @Override
    public void failed(Failure failure, Optional<Path> path) {
        log.error("{}", failure);
        renderer.failed(failure, path);
    }
}
