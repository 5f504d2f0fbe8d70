package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import org.pgmigrator.core.apply.Progress.Mover;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.decoder.Lsn;

/// One of the sessions among which windows are divided, with its own progress row.
///
/// What it takes is confined to the applier's thread; what it writes and commits was taken away before, and may be
/// another thread's.
final class Lane {

    private final Connection connection;
    private final WindowWriter writer;
    private final Mover mover;

    /// The end of what was handed over to it, which may still be under way.
    private Lsn handedOver;

    /// Only the thread that commits changes it.
    private volatile Lsn applied;

    Lane(Connection connection, WindowWriter writer, Mover mover, Lsn applied) {
        this.connection = connection;
        this.writer = writer;
        this.mover = mover;
        this.handedOver = applied;
        this.applied = applied;
    }

    WindowWriter writer() {
        return writer;
    }

    Lsn handedOver() {
        return handedOver;
    }

    void handOver(Lsn end) {
        handedOver = end;
    }

    Lsn applied() {
        return applied;
    }

    /// Commits what was written, for itself alone.
    void commit(Lsn end, Lsn confirmedUpto, Progress.Marker marker) throws SQLException {
        commit(mover, end, confirmedUpto, marker);
    }

    /// Commits what was written, together with the rows that `moved` names, which must all be where this one is.
    void commit(Mover moved, Lsn end, Lsn confirmedUpto, Progress.Marker marker) throws SQLException {
        Progress.advance(connection, moved, applied, end, confirmedUpto, marker);
        FaultPoint.APPLIED.reached();
        connection.commit();
        FaultPoint.COMMITTED.reached();
        applied = end;
    }

    /// Another lane has committed for this one too.
    void follow(Lsn end) {
        applied = end;
    }

    void abort() {
        Sessions.abort(connection);
    }

    void close() {
        Sessions.close(connection);
    }
}
