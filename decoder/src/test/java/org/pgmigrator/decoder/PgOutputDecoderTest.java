package org.pgmigrator.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgmigrator.decoder.Tuples.NULL;
import static org.pgmigrator.decoder.Tuples.UNCHANGED_TOAST;
import static org.pgmigrator.decoder.Tuples.text;

import java.nio.ByteBuffer;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.pgmigrator.decoder.PgOutputMessage.Begin;
import org.pgmigrator.decoder.PgOutputMessage.CommitPrepared;
import org.pgmigrator.decoder.PgOutputMessage.Delete;
import org.pgmigrator.decoder.PgOutputMessage.Insert;
import org.pgmigrator.decoder.PgOutputMessage.Relation;
import org.pgmigrator.decoder.PgOutputMessage.Update;

class PgOutputDecoderTest {

    private static final Tuple ROW = Tuples.of(text("7"), NULL, UNCHANGED_TOAST);

    @Test
    void timesAreMicrosecondsSinceTheYear2000() {
        byte[] message = new WireWriter()
                .int8('B')
                .int64(0x1_0000_0010L)
                .int64(-1_500_000)
                .int32(0xFFFF_FFFF)
                .toByteArray();

        assertThat(decode(message, Framing.TOP_LEVEL))
                .isEqualTo(new Begin(Lsn.parse("1/10"), Instant.parse("1999-12-31T23:59:58.5Z"), 4_294_967_295L));
    }

    @Test
    void theEmptyNamespaceIsPgCatalog() {
        byte[] message = new WireWriter()
                .int8('R')
                .int32(0x9000_0000L)
                .string("")
                .string("pg_am")
                .int8('f')
                .int16(0)
                .toByteArray();

        Relation relation = (Relation) decode(message, Framing.TOP_LEVEL);
        assertThat(relation.namespace()).isEqualTo("pg_catalog");
        assertThat(relation.oid()).isEqualTo(0x9000_0000L);
    }

    @Test
    void contentCarriesItsXidInAStreamBlockOnly() {
        Insert streamed = new Insert(9, 16384, ROW);

        assertThat(decode(PgOutputEncoder.encode(streamed), Framing.STREAM_BLOCK))
                .isEqualTo(streamed);
        assertThat(decode(PgOutputEncoder.encode(new Insert(0, 16384, ROW)), Framing.TOP_LEVEL))
                .isEqualTo(new Insert(0, 16384, ROW));
    }

    @Test
    void theByteKIsAKeyInsideOfChangesAndACommitOutside() {
        Update update = new Update(0, 1, new OldRow.Key(ROW), ROW);
        Delete delete = new Delete(0, 1, new OldRow.Key(ROW));
        CommitPrepared commit =
                new CommitPrepared(Lsn.parse("0/1"), Lsn.parse("0/2"), Instant.parse("2026-01-01T00:00:00Z"), 5, "gid");

        assertThat(decode(PgOutputEncoder.encode(update), Framing.TOP_LEVEL)).isEqualTo(update);
        assertThat(decode(PgOutputEncoder.encode(delete), Framing.TOP_LEVEL)).isEqualTo(delete);
        assertThat(decode(PgOutputEncoder.encode(commit), Framing.TOP_LEVEL)).isEqualTo(commit);
    }

    @Test
    void theBufferIsReadFromPositionToLimitAndLeftAlone() {
        byte[] message = PgOutputEncoder.encode(new Insert(0, 1, ROW));
        byte[] surrounded = new byte[message.length + 7];
        System.arraycopy(message, 0, surrounded, 4, message.length);
        ByteBuffer slice = ByteBuffer.wrap(surrounded, 3, message.length + 2).slice();
        slice.position(1).limit(1 + message.length);

        Insert insert = (Insert) PgOutputDecoder.decode(slice, Framing.TOP_LEVEL);

        assertThat(insert).isEqualTo(new Insert(0, 1, ROW));
        assertThat(insert.after().array()).isSameAs(surrounded);
        assertThat(slice.position()).isEqualTo(1);
        assertThat(slice.remaining()).isEqualTo(message.length);
    }

    @Test
    void buffersWithoutAnArrayAreCopied() {
        Insert insert = new Insert(0, 1, ROW);
        byte[] message = PgOutputEncoder.encode(insert);
        ByteBuffer direct =
                ByteBuffer.allocateDirect(message.length + 1).put((byte) 0).put(message);
        direct.position(1);

        assertThat(PgOutputDecoder.decode(direct, Framing.TOP_LEVEL)).isEqualTo(insert);
        assertThat(direct.position()).isEqualTo(1);
        assertThat(PgOutputDecoder.decode(ByteBuffer.wrap(message).asReadOnlyBuffer(), Framing.TOP_LEVEL))
                .isEqualTo(insert);
    }

    private static PgOutputMessage decode(byte[] message, Framing framing) {
        return PgOutputDecoder.decode(ByteBuffer.wrap(message), framing);
    }
}
