package org.pgmigrator.cli.demo;

import org.jspecify.annotations.Nullable;
import org.pgmigrator.cli.signal.SignalTarget;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.progress.OnInterrupt;

/// What Ctrl+C and TERM mean in a demo: before and after the migration they end it, during the migration they are the
/// migration's; and before a cutover the audience is told what the application does.
///
/// Made by the thread that does the work, which a stop outside of the migration interrupts. Thread-safe.
final class DemoControl implements SignalTarget {

    private final OperatorControl migration = new OperatorControl();
    private final Thread worker = Thread.currentThread();
    private final Runnable beforeCutover;

    private boolean migrating;
    private @Nullable FailureKind stop;

    /// @param beforeCutover what is done before the migration is asked to cut over
    DemoControl(Runnable beforeCutover) {
        this.beforeCutover = beforeCutover;
    }

    OperatorControl migration() {
        return migration;
    }

    /// Runs the migration: from now on its control decides what a signal means, until it has ended.
    void during(Runnable run) {
        synchronized (this) {
            requireNotStopped();
            migrating = true;
        }
        try {
            run.run();
        } finally {
            synchronized (this) {
                migrating = false;
            }
        }
    }

    /// @throws MigrationException if the demo was told to stop
    synchronized void requireNotStopped() {
        if (stop != null) {
            Thread.interrupted();
            throw new MigrationException(Failure.of(stop, "The demo was stopped.", ""));
        }
    }

    @Override
    public synchronized OnInterrupt onInterrupt() {
        return migrating ? migration.onInterrupt() : OnInterrupt.END;
    }

    @Override
    public OnInterrupt interrupt() {
        if (!stopOutsideOfMigration(FailureKind.STOPPED_BY_INTERRUPT)) {
            return OnInterrupt.END;
        }
        if (migration.onInterrupt() == OnInterrupt.CUT_OVER) {
            cutOver();
            return OnInterrupt.CUT_OVER;
        }
        return migration.interrupt();
    }

    @Override
    public void terminate() {
        if (stopOutsideOfMigration(FailureKind.STOPPED_BY_TERMINATE)) {
            migration.terminate();
        }
    }

    /// What comes before it, then the migration is asked to cut over.
    void cutOver() {
        beforeCutover.run();
        migration.requestCutover();
    }

    /// @return whether the migration is running, and so nothing was done here
    private synchronized boolean stopOutsideOfMigration(FailureKind kind) {
        if (!migrating && stop == null) {
            stop = kind;
            worker.interrupt();
        }
        return migrating;
    }
}
