package org.pgmigrator.core.stream;

import java.util.List;
import org.pgmigrator.decoder.Lsn;

/// What is streamed, and from where.
///
/// @param slot         the logical replication slot
/// @param publications the publications, at least one
/// @param binary       whether values come in the form of the types' send functions
/// @param startLsn     what the target has: the stream starts behind it
/// @param inProgress   whether large transactions come while they are in progress (protocol version 2), which only a
///                     sink that keeps them can take
public record StreamConfig(String slot, List<String> publications, boolean binary, Lsn startLsn, boolean inProgress) {

    public StreamConfig {
        publications = List.copyOf(publications);
    }

    /// Every transaction comes as a whole, after its commit.
    public StreamConfig(String slot, List<String> publications, boolean binary, Lsn startLsn) {
        this(slot, publications, binary, startLsn, false);
    }
}
