package org.pgmigrator.core.stream;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.stream.StreamItem.TransactionPart;
import org.pgmigrator.decoder.PgOutputMessage;
import org.pgmigrator.decoder.PgOutputMessage.Begin;
import org.pgmigrator.decoder.PgOutputMessage.BeginPrepare;
import org.pgmigrator.decoder.PgOutputMessage.Commit;
import org.pgmigrator.decoder.PgOutputMessage.CommitPrepared;
import org.pgmigrator.decoder.PgOutputMessage.Delete;
import org.pgmigrator.decoder.PgOutputMessage.Insert;
import org.pgmigrator.decoder.PgOutputMessage.LogicalMessage;
import org.pgmigrator.decoder.PgOutputMessage.Origin;
import org.pgmigrator.decoder.PgOutputMessage.Prepare;
import org.pgmigrator.decoder.PgOutputMessage.Relation;
import org.pgmigrator.decoder.PgOutputMessage.RollbackPrepared;
import org.pgmigrator.decoder.PgOutputMessage.StreamAbort;
import org.pgmigrator.decoder.PgOutputMessage.StreamCommit;
import org.pgmigrator.decoder.PgOutputMessage.StreamPrepare;
import org.pgmigrator.decoder.PgOutputMessage.StreamStart;
import org.pgmigrator.decoder.PgOutputMessage.StreamStop;
import org.pgmigrator.decoder.PgOutputMessage.Truncate;
import org.pgmigrator.decoder.PgOutputMessage.Update;

/// Puts the messages of one connection together to transactions. Confined to one thread.
///
/// With protocol version 1 a transaction arrives whole, after its commit, so that its parts can be handed on while it
/// is
/// still arriving. What the server may send only on request is a failure here: it was not requested.
final class TransactionAssembler {

    /// A part is handed on at this size, so that a transaction of any size passes through bounded memory.
    private static final long PART_BYTES = 1 << 20;

    /// What a change costs beside its message: the record, the tuple and its offsets.
    private static final int CHANGE_OVERHEAD_BYTES = 160;

    private final Predicate<QualifiedName> carried;
    private final Map<Long, Relation> relations = new HashMap<>();
    private final Map<Long, Boolean> carriedByOid = new HashMap<>();

    private @Nullable Begin begin;
    private boolean first;
    private List<Change> changes = new ArrayList<>();
    private long bytes;

    /// @param carried which relations are migrated; changes of others are dropped here
    TransactionAssembler(Predicate<QualifiedName> carried) {
        this.carried = carried;
    }

    /// Whether a transaction has begun and its commit has not come yet.
    boolean isInsideTransaction() {
        return begin != null;
    }

    /// Takes one message.
    ///
    /// @param size the length of the message, in bytes
    /// @return a part of a transaction that is ready to be handed on, if there is one now
    Optional<TransactionPart> accept(PgOutputMessage message, int size) {
        switch (message) {
            case Begin newBegin -> begin(newBegin);
            case Commit commit -> {
                return Optional.of(part(Optional.of(commit)));
            }
            case Relation relation -> describe(relation);
            case Insert insert ->
                row(insert.relationOid(), size, new Change.Insert(relation(insert.relationOid()), insert.after()));
            case Update update ->
                row(
                        update.relationOid(),
                        size,
                        new Change.Update(relation(update.relationOid()), update.before(), update.after()));
            case Delete delete ->
                row(delete.relationOid(), size, new Change.Delete(relation(delete.relationOid()), delete.before()));
            case Truncate truncate -> truncate(truncate, size);
            case LogicalMessage logical -> {
                if (logical.transactional()) {
                    add(new Change.Message(logical.prefix(), logical.content()), size);
                }
            }
            // The types of columns are known from the catalogue of the target; origins matter to loops only.
            case PgOutputMessage.Type type -> {}
            case Origin origin -> {}
            case StreamStart unasked -> throw unexpected(unasked);
            case StreamStop unasked -> throw unexpected(unasked);
            case StreamCommit unasked -> throw unexpected(unasked);
            case StreamAbort unasked -> throw unexpected(unasked);
            case BeginPrepare unasked -> throw unexpected(unasked);
            case Prepare unasked -> throw unexpected(unasked);
            case CommitPrepared unasked -> throw unexpected(unasked);
            case RollbackPrepared unasked -> throw unexpected(unasked);
            case StreamPrepare unasked -> throw unexpected(unasked);
        }
        return bytes >= PART_BYTES ? Optional.of(part(Optional.empty())) : Optional.empty();
    }

    /// A description that says nothing new leaves the known object in place: by another one the applier knows a change.
    private void describe(Relation relation) {
        if (!relation.equals(relations.get(relation.oid()))) {
            relations.put(relation.oid(), relation);
            carriedByOid.put(relation.oid(), carried.test(new QualifiedName(relation.namespace(), relation.name())));
        }
    }

    private void begin(Begin newBegin) {
        if (begin != null) {
            throw unexpected(newBegin);
        }
        begin = newBegin;
        first = true;
    }

    private void row(long relationOid, int size, Change change) {
        if (Boolean.TRUE.equals(carriedByOid.get(relationOid))) {
            // Each tuple keeps where its columns begin.
            add(
                    change,
                    size + 2 * Integer.BYTES * relation(relationOid).columns().size());
        }
    }

    private void truncate(Truncate truncate, int size) {
        List<Relation> truncated = truncate.relationOids().stream()
                .map(this::relation)
                .filter(relation -> Boolean.TRUE.equals(carriedByOid.get(relation.oid())))
                .toList();
        if (!truncated.isEmpty()) {
            add(new Change.Truncate(truncated, truncate.cascade(), truncate.restartIdentity()), size);
        }
    }

    private void add(Change change, int size) {
        if (begin == null) {
            throw new MigrationException(Failure.of(
                    FailureKind.DECODE_FAILED,
                    "The source sent a change outside of a transaction.",
                    change.toString()));
        }
        changes.add(change);
        bytes += size + CHANGE_OVERHEAD_BYTES;
    }

    private Relation relation(long oid) {
        Relation relation = relations.get(oid);
        if (relation == null) {
            throw new MigrationException(Failure.of(
                    FailureKind.DECODE_FAILED,
                    "The source sent a change of a relation that it had not described.",
                    "relation oid " + oid));
        }
        return relation;
    }

    private TransactionPart part(Optional<Commit> commit) {
        Begin current = begin;
        if (current == null) {
            throw new MigrationException(Failure.of(
                    FailureKind.DECODE_FAILED, "The source sent a commit without a begin.", commit.toString()));
        }
        TransactionPart part = new TransactionPart(current, first, changes, commit, bytes);
        changes = new ArrayList<>();
        bytes = 0;
        first = false;
        if (commit.isPresent()) {
            begin = null;
        }
        return part;
    }

    private static MigrationException unexpected(PgOutputMessage message) {
        return new MigrationException(Failure.of(
                FailureKind.DECODE_FAILED,
                "The source sent a message that was not asked for.",
                message.getClass().getSimpleName()));
    }
}
