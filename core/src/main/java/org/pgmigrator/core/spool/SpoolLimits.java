package org.pgmigrator.core.spool;

import java.time.Duration;

/// How large a spool may become, and how often it is made durable.
///
/// @param totalBytes   on disk, all segments together: beyond it no new transaction is taken
/// @param segmentBytes a segment is closed at the end of the transaction with which it reaches this
/// @param syncInterval what was written is made durable at the latest after this time
/// @param syncBytes    or after so many bytes
public record SpoolLimits(long totalBytes, long segmentBytes, Duration syncInterval, long syncBytes) {

    /// Small enough that removal follows the applier closely, large enough that a terabyte is not a million files.
    private static final long SEGMENT_BYTES = 64L << 20;

    /// A fsync for each transaction would cost more than the transaction; the source's confirmation is in no hurry.
    private static final Duration SYNC_INTERVAL = Duration.ofMillis(200);

    private static final long SYNC_BYTES = 16L << 20;

    /// A segment is removed as a whole, so that several have to fit.
    private static final int SEGMENTS_AT_LEAST = 8;

    public SpoolLimits {
        if (segmentBytes < 1 || totalBytes < SEGMENTS_AT_LEAST * segmentBytes || syncBytes < 1) {
            throw new IllegalArgumentException("a spool of " + totalBytes + " bytes is too small");
        }
    }

    public static SpoolLimits of(long totalBytes) {
        return new SpoolLimits(
                totalBytes, Math.min(SEGMENT_BYTES, totalBytes / SEGMENTS_AT_LEAST), SYNC_INTERVAL, SYNC_BYTES);
    }
}
