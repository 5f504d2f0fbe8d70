package org.pgmigrator.core.verify;

import java.util.List;
import java.util.concurrent.TimeoutException;

/// Rows of both sides that were looked at one by one.
interface FoundRows {

    /// Reads the hashes of the columns of some keys.
    @FunctionalInterface
    interface ColumnReader {
        void read(List<List<String>> keys, KeyedRows.ColumnHashes hashes) throws InterruptedException, TimeoutException;
    }

    /// Those that differ.
    ///
    /// @param listed   how many are named
    /// @param unseen   parts that differ but were not looked at: each holds at least one more
    /// @param columns  tells in which columns rows of the same key differ
    /// @param problems why not all could be found
    RowDifferences differences(int listed, long unseen, ColumnReader columns, List<String> problems)
            throws InterruptedException, TimeoutException;
}
