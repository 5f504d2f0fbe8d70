package org.pgmigrator.core.stream;

import java.nio.ByteBuffer;
import java.time.Duration;
import org.pgmigrator.decoder.Lsn;

/// Where the messages of the walsender go. Called by one thread, which has other things to do as well: it never waits
/// here
/// for longer than it says.
public interface FrameSink {

    /// Whether the next message can be taken; waits at most `limit` for that.
    boolean awaitRoom(Duration limit) throws InterruptedException;

    /// Takes one message. [#awaitRoom] has said that there is room.
    ///
    /// @param position of the XLogData message that brought it
    void accept(Lsn position, ByteBuffer message);

    /// Nothing more is there to be read at the moment.
    void pause();

    /// Whether a transaction has begun whose commit has not come.
    boolean isInsideTransaction();

    /// Notes that the walsender has nothing for us before this position but what was accepted earlier.
    ///
    /// @return false if there was no room for it
    boolean idle(Lsn position) throws InterruptedException;

    /// Whether nobody takes anything any more.
    boolean isAbandoned();
}
