package org.pgmigrator.decoder;

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

/// The other direction: what a server would send for a message. Content with an xid is written as in a stream block.
final class PgOutputEncoder {

    private final WireWriter out = new WireWriter();

    private PgOutputEncoder() {}

    static byte[] encode(PgOutputMessage message) {
        PgOutputEncoder encoder = new PgOutputEncoder();
        switch (message) {
            case PgOutputMessage.Content content -> encoder.content(content);
            case Begin m ->
                encoder.type('B').lsn(m.finalLsn()).time(m.commitTime()).int32(m.xid());
            case Commit m ->
                encoder.type('C').int8(0).lsn(m.commitLsn()).lsn(m.endLsn()).time(m.commitTime());
            case Origin m -> encoder.type('O').lsn(m.commitLsn()).string(m.name());
            case StreamStart m -> encoder.type('S').int32(m.xid()).int8(m.firstSegment() ? 1 : 0);
            case StreamStop() -> encoder.type('E');
            case StreamCommit m ->
                encoder.type('c')
                        .int32(m.xid())
                        .int8(0)
                        .lsn(m.commitLsn())
                        .lsn(m.endLsn())
                        .time(m.commitTime());
            case StreamAbort m -> encoder.streamAbort(m);
            case BeginPrepare m ->
                encoder.type('b')
                        .lsn(m.prepareLsn())
                        .lsn(m.endLsn())
                        .time(m.prepareTime())
                        .int32(m.xid())
                        .string(m.gid());
            case Prepare m ->
                encoder.type('P')
                        .int8(0)
                        .lsn(m.prepareLsn())
                        .lsn(m.endLsn())
                        .time(m.prepareTime())
                        .int32(m.xid())
                        .string(m.gid());
            case CommitPrepared m ->
                encoder.type('K')
                        .int8(0)
                        .lsn(m.commitLsn())
                        .lsn(m.endLsn())
                        .time(m.commitTime())
                        .int32(m.xid())
                        .string(m.gid());
            case RollbackPrepared m ->
                encoder.type('r')
                        .int8(0)
                        .lsn(m.prepareEndLsn())
                        .lsn(m.rollbackEndLsn())
                        .time(m.prepareTime())
                        .time(m.rollbackTime())
                        .int32(m.xid())
                        .string(m.gid());
            case StreamPrepare m ->
                encoder.type('p')
                        .int8(0)
                        .lsn(m.prepareLsn())
                        .lsn(m.endLsn())
                        .time(m.prepareTime())
                        .int32(m.xid())
                        .string(m.gid());
        }
        return encoder.out.toByteArray();
    }

    private void content(PgOutputMessage.Content message) {
        switch (message) {
            case Relation m -> relation(m);
            case PgOutputMessage.Type m ->
                content('Y', m.xid())
                        .int32(m.oid())
                        .string(namespace(m.namespace()))
                        .string(m.name());
            case Insert m -> {
                content('I', m.xid()).int32(m.relationOid());
                tuple('N', m.after());
            }
            case Update m -> {
                content('U', m.xid()).int32(m.relationOid());
                oldRow(m.before());
                tuple('N', m.after());
            }
            case Delete m -> {
                content('D', m.xid()).int32(m.relationOid());
                oldRow(m.before());
            }
            case Truncate m -> truncate(m);
            case LogicalMessage m ->
                content('M', m.xid())
                        .int8(m.transactional() ? 1 : 0)
                        .lsn(m.lsn())
                        .string(m.prefix())
                        .int32(m.content().length())
                        .raw(m.content().toByteArray());
        }
    }

    private void relation(Relation m) {
        content('R', m.xid())
                .int32(m.oid())
                .string(namespace(m.namespace()))
                .string(m.name())
                .int8(m.identity().code())
                .int16(m.columns().size());
        for (Relation.Column column : m.columns()) {
            out.int8(column.key() ? 1 : 0)
                    .string(column.name())
                    .int32(column.typeOid())
                    .int32(column.typeModifier());
        }
    }

    private void truncate(Truncate m) {
        content('T', m.xid())
                .int32(m.relationOids().size())
                .int8((m.cascade() ? 1 : 0) | (m.restartIdentity() ? 2 : 0));
        m.relationOids().forEach(out::int32);
    }

    private void streamAbort(StreamAbort m) {
        type('A').int32(m.xid()).int32(m.subxid());
        m.abort().ifPresent(abort -> out.lsn(abort.lsn()).time(abort.time()));
    }

    private void oldRow(OldRow row) {
        switch (row) {
            case OldRow.Absent() -> {}
            case OldRow.Key key -> tuple('K', key.tuple());
            case OldRow.Full full -> tuple('O', full.tuple());
        }
    }

    private void tuple(char type, Tuple tuple) {
        out.int8(type).int16(tuple.columnCount());
        for (int column = 0; column < tuple.columnCount(); column++) {
            if (tuple.isNull(column)) {
                out.int8('n');
            } else if (tuple.isUnchangedToast(column)) {
                out.int8('u');
            } else {
                byte[] value = tuple.bytes(column);
                out.int8(tuple.isText(column) ? 't' : 'b').int32(value.length).raw(value);
            }
        }
    }

    private WireWriter content(char type, long xid) {
        return xid == 0 ? type(type) : type(type).int32(xid);
    }

    private WireWriter type(char type) {
        return out.int8(type);
    }

    /// The server leaves the name of pg_catalog out.
    private static String namespace(String name) {
        return name.equals("pg_catalog") ? "" : name;
    }
}
