package org.pgmigrator.core.apply;

import java.sql.SQLException;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.Lsn;

/// The sessions on the target, and the target transaction that is open on them. Confined to the applier's thread, but
/// for [#abort] and [#fallbacks].
sealed interface ApplyTarget extends AutoCloseable permits OneSession, Lanes {

    /// What is on the target, whichever session wrote it.
    Lsn applied();

    /// The end of the transaction at which the open target transaction must be committed, whatever may follow it;
    /// [Lsn#INVALID] if there is none.
    Lsn mustCommitAt();

    void write(Change change, Origin origin) throws SQLException, InterruptedException;

    /// In the middle of a large transaction: writes what was taken, without a commit.
    void flush() throws SQLException, InterruptedException;

    /// Commits what was taken, together with the progress.
    ///
    /// @param end           commit end of the last transaction that was taken
    /// @param confirmedUpto at least `end`
    /// @param committed     called when all of it is on the target, perhaps later and by another thread, but always in
    ///                      the order of the commits
    void commit(Lsn end, Lsn confirmedUpto, Progress.Marker marker, Runnable committed)
            throws SQLException, InterruptedException;

    /// Does what can be done beforehand with what was taken and not handed over.
    void prepare();

    /// What becomes of the windows that were handed over.
    CommitRule.Before before();

    /// Fails if a commit that was going on behind the caller's back has failed.
    void check() throws SQLException;

    /// Stores a position that was reached without a transaction.
    ///
    /// @return false if it could not be stored, and must not be confirmed
    boolean reach(Lsn confirmedUpto) throws SQLException, InterruptedException;

    /// When a target transaction is to be committed.
    CommitRule rule();

    int fallbacks();

    /// Sessions among which the tables are divided.
    int lanes();

    /// Cuts the connections off.
    void abort();

    @Override
    void close();
}
