package org.pgmigrator.core.config;

import java.time.Duration;

/// How the migration ends.
///
/// @param keepSubscription keep slot, publication and progress after the cutover
/// @param sequenceBuffer   increments added to each sequence that was ever called, in its own direction
/// @param timeout          longest time from the wish to cut over until the source is closed; then it is given up
/// @param when             who decides that it begins
/// @param sourceLock       what keeps writes away from the source meanwhile
/// @param verify           what is compared before the target is opened
public record CutoverConfig(
        boolean keepSubscription,
        long sequenceBuffer,
        Duration timeout,
        When when,
        SourceLockConfig sourceLock,
        VerifyLevel verify) {

    public static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(5);

    public static final VerifyLevel DEFAULT_VERIFY = VerifyLevel.COUNTS;

    public CutoverConfig {
        if (sequenceBuffer < 0) {
            throw new IllegalArgumentException("--sequence-buffer must not be negative");
        }
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("--cutover-timeout must be greater than 0");
        }
    }

    /// Who starts the cutover.
    public enum When {
        /// The operator, with Ctrl+C.
        OPERATOR,
        /// pg-migrator, as soon as the target has caught up.
        CAUGHT_UP
    }
}
