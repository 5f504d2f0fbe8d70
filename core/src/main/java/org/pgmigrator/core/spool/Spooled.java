package org.pgmigrator.core.spool;

import java.nio.ByteBuffer;
import org.pgmigrator.decoder.Lsn;

/// What comes out of the spool, in the order in which it went in.
public sealed interface Spooled {

    /// One pgoutput message as the walsender has sent it.
    ///
    /// @param position of the XLogData message that brought it; 0/0 for some kinds of messages
    /// @param message  its own bytes: nobody else uses them
    record Frame(Lsn position, ByteBuffer message) implements Spooled {}

    /// The walsender had nothing for us before this position but what came out earlier.
    record Idle(Lsn position) implements Spooled {}
}
