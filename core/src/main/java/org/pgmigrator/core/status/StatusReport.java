package org.pgmigrator.core.status;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.decoder.Lsn;

/// How a migration stands, as both databases say at one moment. What could not be observed is empty, never guessed.
///
/// @param subscription  the migration's name on the target
/// @param others        the names of all migrations that the target remembers
/// @param migration     what the target remembers of this one; empty if it has none
/// @param worker        the process at work; empty if there is none
/// @param account       what the process says of itself, or said last
/// @param lanes         the positions on the target, by lane; empty before the stream
/// @param spool         where received changes are kept; empty without a spool
/// @param copy          what of the copy is complete; empty where there is nothing to go on with, or nothing to copy
/// @param source        what the source says; empty if it could not be asked
/// @param sourceUnknown why not; empty if it could be
/// @param rates         what moved between two looks; empty if only one was possible
/// @param verdict       whether the cutover may be asked for now
/// @param next          what can be done now and what it would do, a line each
public record StatusReport(
        String subscription,
        List<String> others,
        Optional<Migration> migration,
        Optional<Worker> worker,
        Optional<Account> account,
        List<Lane> lanes,
        Optional<Spool> spool,
        Optional<Copy> copy,
        Optional<SourceSide> source,
        String sourceUnknown,
        Optional<Rates> rates,
        Verdict verdict,
        List<String> next) {

    /// Of a migration that copies nothing now.
    public StatusReport(
            String subscription,
            List<String> others,
            Optional<Migration> migration,
            Optional<Worker> worker,
            Optional<Account> account,
            List<Lane> lanes,
            Optional<Spool> spool,
            Optional<SourceSide> source,
            String sourceUnknown,
            Optional<Rates> rates,
            Verdict verdict,
            List<String> next) {
        this(
                subscription,
                others,
                migration,
                worker,
                account,
                lanes,
                spool,
                Optional.empty(),
                source,
                sourceUnknown,
                rates,
                verdict,
                next);
    }

    public StatusReport {
        others = List.copyOf(others);
        lanes = List.copyOf(lanes);
        next = List.copyOf(next);
    }

    /// What the target remembers.
    ///
    /// @param phase   how far it came: the process's own word where one is at work, otherwise what is stored
    /// @param aborting an `abort` has begun and did not come to its end
    /// @param opened  the target is open: the cutover is over
    /// @param created what exists because of this migration, with its side in front, last deed first
    public record Migration(
            Phase phase, Instant startedAt, String slot, boolean aborting, boolean opened, List<String> created) {
        public Migration {
            created = List.copyOf(created);
        }
    }

    /// The process that holds the migration's lease.
    ///
    /// @param backend the server process of its session on the target
    /// @param address from where it is connected
    public record Worker(int backend, String address, Optional<Instant> since) {}

    /// What a process says of itself. Its words count only while a [Worker] is there; otherwise they are its last ones.
    ///
    /// @param apply       how it writes changes: `windows` or `strict`
    /// @param wireFormat  in which form values come, `text` or `binary`; empty before it is chosen
    /// @param formatReason why
    /// @param inOrder     tables whose changes are written one by one, and why, a line each
    /// @param fallbacks   how often the target has refused a table's net changes, so that they were written so
    /// @param age         how old these words are
    /// @param lagAge      how old the heartbeat is
    /// @param ending      how it ended; empty while it runs, and if it was killed
    /// @param copied      how far the copy is, for a person; empty outside of it
    public record Account(
            String host,
            long processId,
            String apply,
            String wireFormat,
            String formatReason,
            List<String> inOrder,
            int fallbacks,
            Phase phase,
            String detail,
            OnInterrupt onInterrupt,
            Duration age,
            Optional<Lsn> receivedLsn,
            OptionalLong lagBytes,
            OptionalDouble lagSeconds,
            OptionalDouble changesPerSecond,
            Optional<Duration> lagAge,
            Optional<Copied> copied,
            String warning,
            String ending) {
        public Account {
            inOrder = List.copyOf(inOrder);
        }
    }

    /// What of the copy the target remembers.
    ///
    /// @param complete      what is complete, a clause for a person
    /// @param partsDone     of the rows
    /// @param needsSnapshot whether the snapshot is needed to go on
    /// @param holder        the `snapshot-holder` that holds it; empty if there is none, or its session is gone
    /// @param since         when the snapshot was taken
    public record Copy(
            String complete,
            int partsDone,
            int partsTotal,
            boolean needsSnapshot,
            Optional<String> holder,
            Instant since) {}

    /// How far the copy is; totals are estimates.
    public record Copied(long objectsDone, long objectsTotal, long bytesDone, long bytesTotal) {}

    /// One lane's progress row.
    ///
    /// @param applied commit end of the last transaction that is on the target
    /// @param reached the same, or beyond it where the stream was idle
    public record Lane(Lsn applied, Lsn reached) {}

    /// What the target knows of the spool.
    ///
    /// @param confirmedUpto what may have been confirmed to the source because the spool has it
    /// @param bytes         its size a few seconds ago
    public record Spool(String host, String directory, Lsn confirmedUpto, long bytes, long limitBytes) {}

    /// What the source says.
    ///
    /// @param flushed        `pg_current_wal_flush_lsn()`
    /// @param walStatus      of the slot; `missing` if it does not exist
    /// @param active         whether a walsender uses it
    /// @param confirmed      what the slot was told is safe; empty if it does not exist
    /// @param retainedBytes  WAL that it keeps
    /// @param safeBytes      WAL that may still be written before it is in danger; empty without a limit
    /// @param pinnedBytes    what it keeps of that although it was confirmed
    /// @param pinnedBy       the transaction because of which, if it is much and the transaction can be seen
    /// @param schemaChanges  what differs from what was copied
    /// @param prepared       prepared transactions, which hold a cutover up
    /// @param lock           our lock on the source's tables; empty if there is none
    /// @param closedSince    when a cutover has closed the source for good; empty if it takes writes
    public record SourceSide(
            Lsn flushed,
            String walStatus,
            boolean active,
            Optional<Lsn> confirmed,
            OptionalLong retainedBytes,
            OptionalLong safeBytes,
            long pinnedBytes,
            Optional<String> pinnedBy,
            List<String> schemaChanges,
            List<String> prepared,
            Optional<Lock> lock,
            Optional<String> closedSince) {
        public SourceSide {
            schemaChanges = List.copyOf(schemaChanges);
            prepared = List.copyOf(prepared);
        }

        /// A session of ours that keeps writers away, or waits to.
        ///
        /// @param relations how many tables it has locked
        /// @param waiting   whether it waits for one
        /// @param writers   how many sessions of others wait for it
        public record Lock(int backend, int relations, boolean waiting, int writers, Duration age) {}
    }

    /// What moved, in bytes of the source's WAL per second.
    ///
    /// @param over how long it was watched
    public record Rates(double written, double applied, Duration over) {}

    /// Whether it is safe to cut over, and why.
    public record Verdict(boolean safe, String why) {}

    /// The position up to which everything is on the target: the least of the lanes.
    public Optional<Lane> leastLane() {
        return lanes.stream().min((one, other) -> one.applied().compareTo(other.applied()));
    }

    /// WAL of the source that the target does not cover, by the source's and the target's own words; empty if one of
    /// them is not known. Other databases of the source's server write into the same WAL.
    public OptionalLong lagBytes() {
        if (source.isEmpty() || leastLane().isEmpty()) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(
                Math.max(0, source.get().flushed().bytesSince(leastLane().get().reached())));
    }
}
