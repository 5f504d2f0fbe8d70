package org.pgmigrator.core.apply;

import org.pgmigrator.decoder.Lsn;

/// Which slot a position belongs to. A position means nothing for any other slot, server or timeline.
///
/// @param systemIdentifier `IDENTIFY_SYSTEM` of the source
/// @param consistentPoint  where the slot began: the copy holds everything before it
public record SlotIdentity(String systemIdentifier, int timeline, String slot, Lsn consistentPoint) {}
