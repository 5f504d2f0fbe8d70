package org.pgmigrator.core.verify;

import org.pgmigrator.decoder.Lsn;

/// What one side's rows were read under.
///
/// @param snapshot `pg_current_snapshot()`: the transactions that it shows
/// @param lsn      the end of the WAL right after it was taken: everything that the snapshot shows was committed before
public record SnapshotPoint(String snapshot, Lsn lsn) {}
