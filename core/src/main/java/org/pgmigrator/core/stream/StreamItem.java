package org.pgmigrator.core.stream;

import java.util.List;
import java.util.Optional;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputMessage.Begin;
import org.pgmigrator.decoder.PgOutputMessage.Commit;

/// What the stream hands to the applier, in commit order. This is the right-hand edge of `core.stream`.
public sealed interface StreamItem {

    /// Memory that the item holds, for the bound of the queue.
    long bytes();

    /// A transaction that was committed on the source, or a part of it if it is large.
    ///
    /// The parts of one transaction follow each other without anything between them. Only the last one has the commit,
    /// whose end LSN is the only position that may be stored.
    ///
    /// @param first whether the transaction begins here
    record TransactionPart(Begin begin, boolean first, List<Change> changes, Optional<Commit> commit, long bytes)
            implements StreamItem {
        public TransactionPart {
            changes = List.copyOf(changes);
        }
    }

    /// The walsender has nothing for us before this position: all that was committed before it came earlier.
    record IdlePosition(Lsn lsn) implements StreamItem {
        @Override
        public long bytes() {
            return 0;
        }
    }
}
