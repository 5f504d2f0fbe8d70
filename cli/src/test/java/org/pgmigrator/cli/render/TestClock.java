package org.pgmigrator.cli.render;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneId;

/// A clock that moves when it is told to.
final class TestClock implements InstantSource {

    private Instant now = LocalDateTime.of(2026, 11, 20, 12, 4, 31)
            .atZone(ZoneId.systemDefault())
            .toInstant();

    private long nanos = -7;

    void advance(Duration duration) {
        now = now.plus(duration);
        nanos += duration.toNanos();
    }

    /// Somebody sets the machine's clock.
    void jump(Duration duration) {
        now = now.plus(duration);
    }

    /// What no jump changes.
    long nanoTime() {
        return nanos;
    }

    @Override
    public Instant instant() {
        return now;
    }
}
