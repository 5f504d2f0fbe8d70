package org.pgmigrator.core.progress;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.pgmigrator.core.config.VerifyLevel;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.decoder.Lsn;

/// Something an operator may want to know, at the moment it became true. Never a password, never the value of a row.
public sealed interface ProgressEvent {

    /// A phase began. `detail` is one sentence for a person; may be empty.
    record PhaseStarted(Phase phase, String detail) implements ProgressEvent {}

    /// How far the dump or the restore is. Totals are estimates from the catalogue, taken under the snapshot.
    record CopyProgress(
            Phase phase, long objectsDone, long objectsTotal, long bytesDone, long bytesTotal, String current)
            implements ProgressEvent {}

    /// A heartbeat of the stream. All positions were observed, none was assigned.
    ///
    /// @param sourceLsn   `pg_current_wal_flush_lsn()` of the source
    /// @param receivedLsn the last position received from the walsender
    /// @param appliedLsn  the last position committed on the target with its progress row
    /// @param lagBytes    `sourceLsn` minus what is applied (or, while nothing is pending, confirmed as idle)
    /// @param lagSeconds  age of the oldest change that is not applied; empty if unknown
    /// @param changesPerSecond rows applied per second since the last heartbeat
    /// @param slotWalStatus `wal_status` of the slot (`reserved`, `extended`, `unreserved`, `lost`)
    /// @param retainedBytes WAL that the slot holds back on the source
    /// @param safeWalBytes  how much may still be written there before the slot is in danger; empty without a limit
    /// @param fallbacks   how often the target refused a table's net changes, so that they were written one by one
    record Lag(
            Phase phase,
            Lsn sourceLsn,
            Lsn receivedLsn,
            Lsn appliedLsn,
            long lagBytes,
            OptionalDouble lagSeconds,
            double changesPerSecond,
            String slotWalStatus,
            OptionalLong retainedBytes,
            OptionalLong safeWalBytes,
            int fallbacks)
            implements ProgressEvent {}

    /// How the spool on this machine stands.
    ///
    /// @param receivedLsn the last position received from the walsender
    /// @param durableLsn  up to here everything is on the disk, or on the target
    /// @param bytes       size of the spool on the disk
    /// @param full        the limit is reached, or the disk nearly full: the source keeps its WAL until there is room
    record SpoolNews(Lsn receivedLsn, Lsn durableLsn, long bytes, long limitBytes, boolean full)
            implements ProgressEvent {}

    /// A table whose changes are written one by one, in the source's order, although windows of net changes are
    /// written.
    ///
    /// @param barrier whether everything that came before it on any table is written first
    record AppliedInOrder(String table, boolean barrier, String reason) implements ProgressEvent {}

    /// In which form the source sends values from now on.
    ///
    /// @param binary as the types' send functions make them; otherwise as text
    record WireFormatChosen(boolean binary, String reason) implements ProgressEvent {}

    record CaughtUp(Lsn appliedLsn, long lagBytes) implements ProgressEvent {}

    /// By bytes, or by the age of what is not on the target: a transaction that was in progress for long is few bytes
    /// behind and much work.
    record FellBehind(Lsn appliedLsn, long lagBytes, OptionalDouble lagSeconds) implements ProgressEvent {}

    /// One step of the cutover is done. `detail` is what was done, for a person; may be empty.
    record CutoverStep(String step, Duration elapsed, String detail) implements ProgressEvent {}

    /// The cutover is done and was read back from the target.
    ///
    /// @param finalLsn      commit end of the marker, which the target's own progress row has reached
    /// @param elapsed       from the operator's wish to the target being open
    /// @param writeDowntime time during which pg-migrator itself kept writes away; empty while it takes no lock
    record CutoverComplete(Lsn finalLsn, Duration elapsed, Optional<Duration> writeDowntime) implements ProgressEvent {}

    /// One finding of the checks.
    record Finding(Severity severity, String check, String what, String why, List<String> remedy)
            implements ProgressEvent {
        public Finding {
            remedy = List.copyOf(remedy);
        }

        /// What a finding means for the migration.
        public enum Severity {
            OK,
            WARNING,
            ERROR
        }
    }

    /// How far a comparison is.
    ///
    /// @param rowsRead  on both sides together
    /// @param rowsTotal the planners' estimate for both sides, 0 if there is none
    record VerifyProgress(long tablesDone, long tablesTotal, long rowsRead, long rowsTotal) implements ProgressEvent {}

    /// What the comparison of one table, or of one other object, found.
    ///
    /// @param object      the table's name, or kind and name of another object
    /// @param sourceRows  how many rows the source has; empty if they were not counted
    /// @param sourceHash  of all rows; empty if they were not hashed
    /// @param differences a sentence each; empty if both sides are equal
    /// @param keys        differing rows by their keys, or by their places where there is no key: at most as many as
    /// were
    ///                    asked for
    /// @param moreKeys    how many more there are at least
    /// @param sourceSql   the statement that shows the difference on the source; may be empty
    record VerifyResult(
            VerifyLevel level,
            String object,
            OptionalLong sourceRows,
            OptionalLong targetRows,
            String sourceHash,
            String targetHash,
            List<String> differences,
            List<String> keys,
            long moreKeys,
            String sourceSql,
            String targetSql,
            Duration elapsed)
            implements ProgressEvent {
        public VerifyResult {
            differences = List.copyOf(differences);
            keys = List.copyOf(keys);
        }

        public boolean equal() {
            return differences.isEmpty();
        }
    }

    /// Worth a line, nothing to do.
    record Notice(String text) implements ProgressEvent {}

    /// Worth attention: the migration goes on, and this is what it does not cover or what may go wrong.
    record Warning(String text) implements ProgressEvent {}

    record Failed(Failure failure) implements ProgressEvent {}

    /// The command reached its end. `summary` is one line per fact, for a person.
    record Complete(List<String> summary) implements ProgressEvent {
        public Complete {
            summary = List.copyOf(summary);
        }
    }
}
