package org.pgmigrator.core.config;

import java.time.Duration;

/// When the target counts as caught up, and how often the lag is shown.
///
/// @param thresholdBytes bytes of lag below which `CAUGHT_UP` is reached
/// @param pollInterval   pause between two heartbeats
public record LagConfig(long thresholdBytes, Duration pollInterval) {

    /// 64 KiB of WAL: a few hundred small transactions, drained in well under a second.
    public static final long DEFAULT_THRESHOLD_BYTES = 64 * 1024;

    public static final Duration DEFAULT_POLL_INTERVAL = Duration.ofSeconds(5);

    public LagConfig {
        if (thresholdBytes < 0) {
            throw new IllegalArgumentException("--lag-threshold-bytes must not be negative");
        }
        if (pollInterval.isNegative() || pollInterval.isZero()) {
            throw new IllegalArgumentException("--cutover-poll-secs must be greater than 0");
        }
    }
}
