package org.pgmigrator.core.spool;

import java.nio.ByteBuffer;
import java.time.Duration;
import org.pgmigrator.core.stream.FrameSink;
import org.pgmigrator.decoder.Lsn;

/// The receiver's side of a spool.
public final class SpoolSink implements FrameSink {

    private final Spool spool;

    public SpoolSink(Spool spool) {
        this.spool = spool;
    }

    @Override
    public boolean awaitRoom(Duration limit) throws InterruptedException {
        return spool.awaitRoom(limit);
    }

    @Override
    public void accept(Lsn position, ByteBuffer message) {
        spool.append(position, message);
    }

    /// What is complete can be read at once, however little it is.
    @Override
    public void pause() {
        spool.flush();
    }

    @Override
    public boolean isInsideTransaction() {
        return spool.isInsideTransaction();
    }

    /// The end of the last transaction is there already, with that transaction.
    @Override
    public boolean idle(Lsn position) {
        if (position.isAfter(spool.written())) {
            spool.idle(position);
        }
        return true;
    }

    /// The spool takes what comes also while nobody reads it: that is what it is for.
    @Override
    public boolean isAbandoned() {
        return false;
    }
}
