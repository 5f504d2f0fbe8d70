package org.pgmigrator.core.stream;

import java.util.List;
import org.pgmigrator.decoder.Lsn;

/// What is streamed, and from where.
///
/// @param slot         the logical replication slot
/// @param publications the publications, at least one
/// @param binary       whether values come in the form of the types' send functions
/// @param startLsn     what the target has: the stream starts behind it
public record StreamConfig(String slot, List<String> publications, boolean binary, Lsn startLsn) {
    public StreamConfig {
        publications = List.copyOf(publications);
    }
}
