package org.pgmigrator.cli.signal;

import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.progress.OnInterrupt;

/// Who acts on a signal: the control of a migration, or something that does more around one.
///
/// Called on signal threads, by [InterruptPolicy] one at a time.
public interface SignalTarget {

    /// What the next Ctrl+C would do now.
    OnInterrupt onInterrupt();

    /// Ctrl+C.
    ///
    /// @return what it set in motion
    OnInterrupt interrupt();

    /// TERM or HUP.
    void terminate();

    /// The migration alone.
    static SignalTarget of(OperatorControl control) {
        return new SignalTarget() {
            @Override
            public OnInterrupt onInterrupt() {
                return control.onInterrupt();
            }

            @Override
            public OnInterrupt interrupt() {
                return control.interrupt();
            }

            @Override
            public void terminate() {
                control.terminate();
            }
        };
    }
}
