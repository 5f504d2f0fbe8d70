package org.pgmigrator.core.lag;

/// What may put an end to a slot, or to the migration because of it.
public enum SlotLimit {
    /// `max_slot_wal_keep_size` of the source: beyond it the next checkpoint removes WAL that the slot needs.
    KEEP_SIZE,
    /// The operator's own limit, at which the migration stops.
    MAX_RETAINED,
    /// `idle_replication_slot_timeout` of the source (PostgreSQL 18).
    IDLE_TIMEOUT,
    /// No limit: WAL that has been confirmed and is kept all the same.
    PINNED
}
