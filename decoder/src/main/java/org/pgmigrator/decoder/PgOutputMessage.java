package org.pgmigrator.decoder;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// One message of pgoutput, in the words of PostgreSQL's documentation.
///
/// Every field of the wire is here, also those that nobody uses yet, except for flags that the protocol fixes to zero.
/// OIDs and transaction ids are unsigned 32-bit numbers and therefore `long`. Times come from the clock of the
/// source, except that a transaction which was itself replicated to the source keeps the commit time of its [Origin].
///
/// | a transaction arrives as | when |
/// |---|---|
/// | `Begin` … `Commit` | always, in commit order |
/// | (`StreamStart` … `StreamStop`)+, then `StreamCommit` or `StreamAbort` | version 2 with `streaming`, if large |
/// | `BeginPrepare` … `Prepare`, later `CommitPrepared` or `RollbackPrepared` | version 3 with `two_phase` |
/// | (`StreamStart` … `StreamStop`)+, `StreamPrepare`, later `CommitPrepared` or `RollbackPrepared` | both |
///
/// Formats: https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
public sealed interface PgOutputMessage {

    /// The messages that describe what a transaction does, as opposed to where it begins and ends.
    sealed interface Content extends PgOutputMessage {
        /// The (sub)transaction that did it, if the message came in a stream block; 0 otherwise (InvalidTransactionId),
        /// where the surrounding `Begin` has it.
        long xid();
    }

    // Transactions ------------------------------------------------------------------------------------------------

    /// `B`: the transaction that follows was committed.
    ///
    /// @param finalLsn where its commit record begins; the same as [Commit#commitLsn]
    record Begin(Lsn finalLsn, Instant commitTime, long xid) implements PgOutputMessage {}

    /// `C`: the end of the transaction.
    ///
    /// @param commitLsn where the commit record begins
    /// @param endLsn where the commit record ends: the position to store and to resume from
    record Commit(Lsn commitLsn, Lsn endLsn, Instant commitTime) implements PgOutputMessage {}

    /// `O`: the transaction was itself replicated to the source. It stands before the first change; there may be
    /// several.
    ///
    /// @param commitLsn the commit on the server of that origin; 0/0 if the origin's session did not set it
    record Origin(Lsn commitLsn, String name) implements PgOutputMessage {}

    // What a transaction does -------------------------------------------------------------------------------------

    /// `R`: the shape of the tuples that follow for this oid, until the next one.
    ///
    /// @param namespace the schema; `pg_catalog` is spelt out, although the server sends it as an empty string
    /// @param columns the published ones in the order of the tuples: dropped ones are absent,
    ///     generated ones too unless asked for
    record Relation(long xid, long oid, String namespace, String name, ReplicaIdentity identity, List<Column> columns)
            implements Content {

        public Relation {
            columns = List.copyOf(columns);
        }

        /// A published column.
        ///
        /// @param key whether the column is part of the replica identity (all of them under FULL)
        /// @param typeModifier `pg_attribute.atttypmod`, -1 for none
        public record Column(boolean key, String name, long typeOid, int typeModifier) {}
    }

    /// `Y`: a type that is not built in, before the relation that uses it.
    ///
    /// A domain has its own oid, but the namespace and name of its base type: `int4` for a domain over `integer`.
    ///
    /// @param namespace the schema; `pg_catalog` is spelt out, as in [Relation]
    record Type(long xid, long oid, String namespace, String name) implements Content {}

    /// `I`: a new row.
    record Insert(long xid, long relationOid, Tuple after) implements Content {}

    /// `U`: a changed row.
    record Update(long xid, long relationOid, OldRow before, Tuple after) implements Content {}

    /// `D`: a deleted row.
    record Delete(long xid, long relationOid, OldRow.Present before) implements Content {}

    /// `T`: all these relations were emptied by one statement.
    record Truncate(long xid, boolean cascade, boolean restartIdentity, List<Long> relationOids) implements Content {

        public Truncate {
            relationOids = List.copyOf(relationOids);
        }
    }

    /// `M`: the application called `pg_logical_emit_message`; sent only with the option `messages`.
    ///
    /// @param transactional whether it belongs to its transaction. If not, it comes at once and outside of any
    ///     transaction, also when its own is rolled back.
    /// @param lsn where the message lies in the WAL
    record LogicalMessage(long xid, boolean transactional, Lsn lsn, String prefix, Bytes content) implements Content {}

    // Large transactions in progress: version 2 -------------------------------------------------------------------

    /// `S`: a stream block begins; up to [StreamStop], content of this transaction and its subtransactions.
    ///
    /// @param firstSegment whether this is the first block of the transaction
    record StreamStart(long xid, boolean firstSegment) implements PgOutputMessage {}

    /// `E`: the stream block ends. Another one, of any transaction, may follow.
    record StreamStop() implements PgOutputMessage {}

    /// `c`: the streamed transaction was committed. The positions are those of [Commit].
    record StreamCommit(long xid, Lsn commitLsn, Lsn endLsn, Instant commitTime) implements PgOutputMessage {}

    /// `A`: a streamed (sub)transaction was rolled back; what was streamed under `subxid` never happened.
    ///
    /// @param subxid equal to `xid` if the whole transaction is gone
    /// @param abort sent by version 4 with `streaming=parallel` only
    record StreamAbort(long xid, long subxid, Optional<Abort> abort) implements PgOutputMessage {

        public boolean ofWholeTransaction() {
            return xid == subxid;
        }

        /// Where and when it was rolled back.
        ///
        /// @param lsn 0/0 if the rollback was not seen but concluded, after a crash of the source
        public record Abort(Lsn lsn, Instant time) {}
    }

    // Two-phase commit: version 3 ---------------------------------------------------------------------------------

    /// `b`: the transaction that follows was prepared.
    ///
    /// @param gid the name the application gave to it
    record BeginPrepare(Lsn prepareLsn, Lsn endLsn, Instant prepareTime, long xid, String gid)
            implements PgOutputMessage {}

    /// `P`: the end of the prepared transaction, which is neither committed nor rolled back yet.
    record Prepare(Lsn prepareLsn, Lsn endLsn, Instant prepareTime, long xid, String gid) implements PgOutputMessage {}

    /// `K`: the prepared transaction was committed.
    record CommitPrepared(Lsn commitLsn, Lsn endLsn, Instant commitTime, long xid, String gid)
            implements PgOutputMessage {}

    /// `r`: the prepared transaction was rolled back.
    ///
    /// @param prepareEndLsn where its prepare record ends: [Prepare#endLsn]
    /// @param rollbackEndLsn where the record of the rollback ends
    record RollbackPrepared(
            Lsn prepareEndLsn, Lsn rollbackEndLsn, Instant prepareTime, Instant rollbackTime, long xid, String gid)
            implements PgOutputMessage {}

    /// `p`: the streamed transaction was prepared.
    record StreamPrepare(Lsn prepareLsn, Lsn endLsn, Instant prepareTime, long xid, String gid)
            implements PgOutputMessage {}
}
