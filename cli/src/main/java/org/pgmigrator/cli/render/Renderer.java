package org.pgmigrator.cli.render;

import java.nio.file.Path;
import java.util.Optional;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.progress.ProgressListener;

/// Shows a run as it goes. Thread-safe, as every [ProgressListener] has to be.
public interface Renderer extends ProgressListener {

    /// Shows the failure that ended the run, unless an event has shown the very same one already.
    ///
    /// @param log the log file, if one is open
    void failed(Failure failure, Optional<Path> log);
}
