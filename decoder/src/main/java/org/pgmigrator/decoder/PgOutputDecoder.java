package org.pgmigrator.decoder;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

/// Turns the bytes of one pgoutput message into a [PgOutputMessage]: a pure function, safe for any thread.
///
/// Each method below reads the fields in the order of the wire, so that it can be laid beside the documentation:
/// https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
public final class PgOutputDecoder {

    private static final int TRUNCATE_CASCADE = 1;
    private static final int TRUNCATE_RESTART_IDENTITY = 2;

    /// Flags, an empty name, type and modifier.
    private static final int LEAST_BYTES_OF_A_COLUMN = 1 + 1 + 4 + 4;

    private PgOutputDecoder() {}

    /// Decodes what lies between the position and the limit of `message`, which must be exactly one message. The
    /// buffer's
    /// position stays.
    ///
    /// Tuples and contents are slices of the buffer's array, not copies: **the array must not be written to any more**,
    /// and it lives as long as the message does. Only a buffer without an accessible array (direct or read-only) is
    /// copied.
    ///
    /// @throws DecodeException if it is not a well-formed message in that framing; nothing else is thrown, and no more
    ///     memory is asked for than a small multiple of the message's size
    public static PgOutputMessage decode(ByteBuffer message, Framing framing) {
        MessageReader reader = readerOf(message, framing);
        int type = reader.uint8("message type");
        if (!framing.allows(type)) {
            throw reader.malformed(0, "a message type of " + framing, DecodeException.show(type));
        }
        PgOutputMessage decoded = decode(type, reader);
        reader.requireEnd();
        return decoded;
    }

    private static MessageReader readerOf(ByteBuffer message, Framing framing) {
        if (message.hasArray()) {
            int start = message.arrayOffset() + message.position();
            return new MessageReader(message.array(), start, start + message.remaining(), framing);
        }
        byte[] copy = new byte[message.remaining()];
        message.get(message.position(), copy);
        return new MessageReader(copy, 0, copy.length, framing);
    }

    private static PgOutputMessage decode(int type, MessageReader reader) {
        return switch (type) {
            case 'B' -> begin(reader);
            case 'C' -> commit(reader);
            case 'O' -> origin(reader);
            case 'R' -> relation(reader);
            case 'Y' -> type(reader);
            case 'I' -> insert(reader);
            case 'U' -> update(reader);
            case 'D' -> delete(reader);
            case 'T' -> truncate(reader);
            case 'M' -> logicalMessage(reader);
            case 'S' -> streamStart(reader);
            case 'E' -> new StreamStop();
            case 'c' -> streamCommit(reader);
            case 'A' -> streamAbort(reader);
            case 'b' -> beginPrepare(reader);
            case 'P' -> prepare(reader);
            case 'K' -> commitPrepared(reader);
            case 'r' -> rollbackPrepared(reader);
            case 'p' -> streamPrepare(reader);
            default -> throw reader.malformed(0, "a message type", DecodeException.show(type));
        };
    }

    private static Begin begin(MessageReader reader) {
        return new Begin(reader.assignedLsn("final LSN"), reader.time("commit time"), reader.xid("xid"));
    }

    private static Commit commit(MessageReader reader) {
        reader.noFlags();
        return new Commit(reader.assignedLsn("commit LSN"), reader.assignedLsn("end LSN"), reader.time("commit time"));
    }

    private static Origin origin(MessageReader reader) {
        return new Origin(reader.lsn("origin's commit LSN"), reader.string("origin name"));
    }

    private static Relation relation(MessageReader reader) {
        return new Relation(
                reader.contentXid(),
                reader.uint32("relation oid"),
                namespace(reader),
                reader.string("relation name"),
                replicaIdentity(reader),
                columns(reader));
    }

    private static String namespace(MessageReader reader) {
        String namespace = reader.string("namespace");
        return namespace.isEmpty() ? "pg_catalog" : namespace;
    }

    private static ReplicaIdentity replicaIdentity(MessageReader reader) {
        int where = reader.position();
        int code = reader.uint8("replica identity");
        return ReplicaIdentity.ofCode(code)
                .orElseThrow(() ->
                        reader.malformed(where, "replica identity 'd', 'n', 'f' or 'i'", DecodeException.show(code)));
    }

    private static List<Relation.Column> columns(MessageReader reader) {
        int where = reader.position();
        int count = reader.uint16("column count");
        reader.requireRoomFor(where, count, LEAST_BYTES_OF_A_COLUMN, "column count");
        List<Relation.Column> columns = new ArrayList<>(count);
        for (int column = 0; column < count; column++) {
            columns.add(new Relation.Column(
                    reader.bool("column flags"),
                    reader.string("column name"),
                    reader.uint32("type oid"),
                    reader.int32("type modifier")));
        }
        return columns;
    }

    private static PgOutputMessage.Type type(MessageReader reader) {
        return new PgOutputMessage.Type(
                reader.contentXid(), reader.uint32("type oid"), namespace(reader), reader.string("type name"));
    }

    private static Insert insert(MessageReader reader) {
        return new Insert(reader.contentXid(), reader.uint32("relation oid"), newRow(reader));
    }

    private static Update update(MessageReader reader) {
        return new Update(reader.contentXid(), reader.uint32("relation oid"), oldRowIfSent(reader), newRow(reader));
    }

    private static Delete delete(MessageReader reader) {
        return new Delete(reader.contentXid(), reader.uint32("relation oid"), oldRow(reader));
    }

    private static OldRow oldRowIfSent(MessageReader reader) {
        return reader.nextIs('N') ? OldRow.ABSENT : oldRow(reader);
    }

    private static OldRow.Present oldRow(MessageReader reader) {
        int where = reader.position();
        int kind = reader.uint8("tuple type");
        return switch (kind) {
            case 'K' -> new OldRow.Key(reader.tuple());
            case 'O' -> new OldRow.Full(reader.tuple());
            default -> throw reader.malformed(where, "old tuple 'K' or 'O'", DecodeException.show(kind));
        };
    }

    private static Tuple newRow(MessageReader reader) {
        int where = reader.position();
        int kind = reader.uint8("tuple type");
        if (kind != 'N') {
            throw reader.malformed(where, "new tuple 'N'", DecodeException.show(kind));
        }
        return reader.tuple();
    }

    private static Truncate truncate(MessageReader reader) {
        long xid = reader.contentXid();
        int where = reader.position();
        int count = reader.int32("relation count");
        int options = reader.flags(TRUNCATE_CASCADE | TRUNCATE_RESTART_IDENTITY, "truncate options");
        reader.requireRoomFor(where, count, Integer.BYTES, "relation count");
        List<Long> relationOids = new ArrayList<>(count);
        for (int relation = 0; relation < count; relation++) {
            relationOids.add(reader.uint32("relation oid"));
        }
        return new Truncate(
                xid, (options & TRUNCATE_CASCADE) != 0, (options & TRUNCATE_RESTART_IDENTITY) != 0, relationOids);
    }

    private static LogicalMessage logicalMessage(MessageReader reader) {
        return new LogicalMessage(
                reader.contentXid(),
                reader.bool("message flags"),
                reader.assignedLsn("message LSN"),
                reader.string("message prefix"),
                reader.bytes());
    }

    private static StreamStart streamStart(MessageReader reader) {
        return new StreamStart(reader.xid("xid"), reader.bool("first segment"));
    }

    private static StreamCommit streamCommit(MessageReader reader) {
        long xid = reader.xid("xid");
        reader.noFlags();
        return new StreamCommit(
                xid, reader.assignedLsn("commit LSN"), reader.assignedLsn("end LSN"), reader.time("commit time"));
    }

    private static StreamAbort streamAbort(MessageReader reader) {
        return new StreamAbort(
                reader.xid("xid"),
                reader.xid("subtransaction's xid"),
                reader.remaining() == 0 ? Optional.empty() : Optional.of(abort(reader)));
    }

    private static StreamAbort.Abort abort(MessageReader reader) {
        return new StreamAbort.Abort(reader.lsn("abort LSN"), reader.time("abort time"));
    }

    private static BeginPrepare beginPrepare(MessageReader reader) {
        return new BeginPrepare(
                reader.assignedLsn("prepare LSN"),
                reader.assignedLsn("end LSN"),
                reader.time("prepare time"),
                reader.xid("xid"),
                reader.string("gid"));
    }

    private static Prepare prepare(MessageReader reader) {
        reader.noFlags();
        return new Prepare(
                reader.assignedLsn("prepare LSN"),
                reader.assignedLsn("end LSN"),
                reader.time("prepare time"),
                reader.xid("xid"),
                reader.string("gid"));
    }

    private static CommitPrepared commitPrepared(MessageReader reader) {
        reader.noFlags();
        return new CommitPrepared(
                reader.assignedLsn("commit LSN"),
                reader.assignedLsn("end LSN"),
                reader.time("commit time"),
                reader.xid("xid"),
                reader.string("gid"));
    }

    private static RollbackPrepared rollbackPrepared(MessageReader reader) {
        reader.noFlags();
        return new RollbackPrepared(
                reader.assignedLsn("prepare's end LSN"),
                reader.assignedLsn("rollback's end LSN"),
                reader.time("prepare time"),
                reader.time("rollback time"),
                reader.xid("xid"),
                reader.string("gid"));
    }

    private static StreamPrepare streamPrepare(MessageReader reader) {
        reader.noFlags();
        return new StreamPrepare(
                reader.assignedLsn("prepare LSN"),
                reader.assignedLsn("end LSN"),
                reader.time("prepare time"),
                reader.xid("xid"),
                reader.string("gid"));
    }
}
