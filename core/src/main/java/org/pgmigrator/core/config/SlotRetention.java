package org.pgmigrator.core.config;

import java.util.OptionalLong;

/// How much WAL the slot may hold back on the source, and what becomes of the slot when the migration stops at that.
///
/// @param maxBytes the limit; empty: none but the source's own
/// @param atLimit  what becomes of the slot
public record SlotRetention(OptionalLong maxBytes, AtLimit atLimit) {

    /// The source's own limit alone.
    public static final SlotRetention UNLIMITED = new SlotRetention(OptionalLong.empty(), AtLimit.KEEP);

    /// A few segments are held back at any time.
    public static final long MIN_BYTES = 64L << 20;

    public SlotRetention {
        if (maxBytes.isPresent() && maxBytes.getAsLong() < MIN_BYTES) {
            throw new IllegalArgumentException("--max-slot-retained must be at least " + (MIN_BYTES >> 20) + "MB, not "
                    + maxBytes.getAsLong() + " bytes");
        }
    }

    /// What becomes of the slot at the limit.
    public enum AtLimit {
        /// It stays for `--resume`, and goes on holding back WAL.
        KEEP,
        /// It is dropped, and all that was made on the source with it: the copy must start again.
        DROP
    }
}
