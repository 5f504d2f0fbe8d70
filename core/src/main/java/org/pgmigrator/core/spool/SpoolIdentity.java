package org.pgmigrator.core.spool;

import java.util.UUID;
import org.pgmigrator.decoder.Lsn;

/// Whose frames a spool holds: positions and frames mean something for this slot of this server only.
///
/// @param id     made anew for each spool, so that two of them for the same slot are told apart
/// @param binary whether values were asked for in binary form
public record SpoolIdentity(
        UUID id, String systemIdentifier, int timeline, String slot, Lsn consistentPoint, boolean binary) {

    String describe() {
        return "spool " + id + " of slot \"" + slot + "\" (system " + systemIdentifier + ", timeline " + timeline
                + ", consistent point " + consistentPoint + ")";
    }
}
