package org.pgmigrator.core.lag;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/// What is said about a slot and its limits.
public final class SlotWords {

    private static final String[] UNITS = {"bytes", "kB", "MB", "GB", "TB", "PB"};

    private SlotWords() {}

    /// `slot "pg_migrator" holds back 41.0 MB of WAL, 2.3 MB more each second: …`.
    ///
    /// @param drops whether the slot goes when the operator's limit is reached
    /// @param cause why it holds that; a sentence
    public static String near(String slot, SlotAlarm alarm, String keepSize, boolean drops, String cause) {
        return switch (alarm.limit()) {
            case KEEP_SIZE ->
                holds(slot, alarm) + untilLimit(alarm) + "max_slot_wal_keep_size (" + keepSize
                        + ") of the source; then "
                        + "the source invalidates the slot, and the copy must start again. " + cause
                        + " To give it room, on the source: ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT "
                        + "pg_reload_conf();";
            case MAX_RETAINED ->
                holds(slot, alarm) + untilLimit(alarm) + "--max-slot-retained; then the migration stops"
                        + (drops ? ", and the slot is dropped. " : ", and the slot is kept. ") + cause;
            case IDLE_TIMEOUT ->
                "slot \"" + slot + "\" is read by nobody, and "
                        + alarm.left().map(SlotWords::in).orElse("soon")
                        + " a checkpoint of the source invalidates it (idle_replication_slot_timeout); then the copy must "
                        + "start again. To keep it, on the source: ALTER SYSTEM SET idle_replication_slot_timeout = 0; "
                        + "SELECT pg_reload_conf();";
            case PINNED ->
                "slot \"" + slot + "\" holds back " + size(alarm.heldBytes())
                        + " of WAL that has been confirmed: restart_lsn is so far behind confirmed_flush_lsn. " + cause;
        };
    }

    private static String holds(String slot, SlotAlarm alarm) {
        return "slot \"" + slot + "\" holds back " + size(alarm.heldBytes()) + " of WAL" + rate(alarm.bytesPerSecond())
                + ": ";
    }

    private static String untilLimit(SlotAlarm alarm) {
        if (alarm.leftBytes() == 0) {
            return "that is beyond ";
        }
        return size(alarm.leftBytes()) + " more"
                + alarm.left().map(time -> ", " + in(time) + " at this rate,").orElse("") + " is ";
    }

    /// The same once an alarm is over.
    public static String passed(String slot, SlotAlarm alarm) {
        return switch (alarm.limit()) {
            case KEEP_SIZE, MAX_RETAINED ->
                "slot \"" + slot + "\" is no longer near a limit: it holds back " + size(alarm.heldBytes())
                        + " of WAL, and may hold " + size(alarm.leftBytes()) + " more before "
                        + (alarm.limit() == SlotLimit.KEEP_SIZE ? "max_slot_wal_keep_size" : "--max-slot-retained");
            case IDLE_TIMEOUT -> "slot \"" + slot + "\" is read again: idle_replication_slot_timeout no longer counts";
            case PINNED ->
                "slot \"" + slot + "\" no longer holds back much WAL that has been confirmed: "
                        + size(alarm.heldBytes());
        };
    }

    /// `, 2.3 MB more each second`; empty while it is not known.
    public static String rate(OptionalDouble bytesPerSecond) {
        if (bytesPerSecond.isEmpty()) {
            return "";
        }
        double rate = bytesPerSecond.getAsDouble();
        return rate >= 1 ? ", " + size((long) rate) + " more each second" : ", which does not grow at the moment";
    }

    /// Why WAL is kept that has been confirmed; a sentence.
    ///
    /// @param pinning what [PinningTransaction#oldest] has found
    public static String pinnedBy(Optional<PinningTransaction> pinning) {
        return pinning.map(oldest -> "a transaction that is open on the source is decoded from its beginning, and the "
                        + "oldest that has written is that of " + oldest.who() + ", open for "
                        + time(oldest.open()) + ".")
                .orElse("a transaction that was open on the source is decoded from its beginning; none that has "
                        + "written is visible to this role now, so the next checkpoint may let it go.");
    }

    private static String in(Duration time) {
        return "in about " + time(time);
    }

    /// `90 s`, `15 min`, `3 h`: the largest unit that still tells enough, rounded down.
    public static String time(Duration time) {
        if (time.toMinutes() < 2) {
            return time.toSeconds() + " s";
        }
        return time.toHours() < 2 ? time.toMinutes() + " min" : time.toHours() + " h";
    }

    /// `41.0 MB`: powers of 1024 named as PostgreSQL names them.
    public static String size(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < UNITS.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + " bytes" : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
    }
}
