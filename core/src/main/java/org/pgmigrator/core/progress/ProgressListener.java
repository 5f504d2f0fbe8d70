package org.pgmigrator.core.progress;

/// Receives events. Called from several threads; implementations must be thread-safe, quick, and must not throw.
@FunctionalInterface
public interface ProgressListener {
    void on(ProgressEvent event);
}
