package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.OptionalInt;
import java.util.UUID;
import org.pgmigrator.core.apply.Progress.Mover;
import org.pgmigrator.core.fault.FaultPoint;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.Lsn;

/// One session on the target that writes every change by itself: transactions become visible there in the source's
/// order.
final class OneSession implements ApplyTarget {

    private final Connection connection;
    private final ChangeWriter writer;
    private final Mover mover;
    private Lsn applied;

    OneSession(Connection connection, ChangeWriter writer, String subscription, UUID owner, Lsn applied) {
        this.connection = connection;
        this.writer = writer;
        this.mover = new Mover(subscription, owner, OptionalInt.empty(), 1);
        this.applied = applied;
    }

    @Override
    public Lsn applied() {
        return applied;
    }

    @Override
    public Lsn mustCommitAt() {
        return Lsn.INVALID;
    }

    @Override
    public void write(Change change, Origin origin) throws SQLException {
        writer.write(change, origin);
    }

    @Override
    public void flush() throws SQLException {
        writer.flush();
    }

    @Override
    public void commit(Lsn end, Lsn confirmedUpto, Progress.Marker marker, Runnable committed) throws SQLException {
        writer.flush();
        Progress.advance(connection, mover, applied, end, confirmedUpto, marker);
        FaultPoint.APPLIED.reached();
        connection.commit();
        FaultPoint.COMMITTED.reached();
        applied = end;
        committed.run();
    }

    @Override
    public void prepare() {}

    @Override
    public CommitRule.Before before() {
        return CommitRule.Before.COMMITTED;
    }

    @Override
    public void check() {}

    @Override
    public boolean reach(Lsn confirmedUpto) throws SQLException {
        commit(applied, confirmedUpto, Progress.Marker.NONE, () -> {});
        return true;
    }

    @Override
    public CommitRule rule() {
        return CommitRule.STRICT;
    }

    @Override
    public int fallbacks() {
        return writer.fallbacks();
    }

    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public void abort() {
        Sessions.abort(connection);
    }

    @Override
    public void close() {
        Sessions.close(connection);
    }
}
