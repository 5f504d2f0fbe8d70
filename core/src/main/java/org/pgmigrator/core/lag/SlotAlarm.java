package org.pgmigrator.core.lag;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalDouble;

/// A limit that a slot comes near to, or no longer does.
///
/// @param over           the danger has passed: the other numbers say by how much
/// @param heldBytes      WAL that the slot keeps; for [SlotLimit#PINNED] only what is kept although it is confirmed
/// @param leftBytes      how much more until the limit; meaningless for [SlotLimit#IDLE_TIMEOUT] and [SlotLimit#PINNED]
/// @param bytesPerSecond by how much the slot keeps more each second, over the last minutes; empty while it is not
/// known
/// @param left           the time until the limit at this rate; empty if it is not known or the slot does not grow
public record SlotAlarm(
        SlotLimit limit,
        boolean over,
        long heldBytes,
        long leftBytes,
        OptionalDouble bytesPerSecond,
        Optional<Duration> left) {}
