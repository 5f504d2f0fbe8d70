package org.pgmigrator.decoder;

import java.time.Instant;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
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

/// All messages that a server could send, for properties.
final class Messages {

    private Messages() {}

    /// A message with the framing it stands in.
    record Framed(PgOutputMessage message, Framing framing) {}

    static Arbitrary<Framed> framed() {
        return Arbitraries.oneOf(
                topLevel().map(message -> new Framed(message, Framing.TOP_LEVEL)),
                content(Arbitraries.just(0L)).map(message -> new Framed(message, Framing.TOP_LEVEL)),
                content(xids()).map(message -> new Framed(message, Framing.STREAM_BLOCK)),
                Arbitraries.of(new Framed(new StreamStop(), Framing.STREAM_BLOCK)),
                origins().map(message -> new Framed(message, Framing.STREAM_BLOCK)));
    }

    private static Arbitrary<PgOutputMessage> topLevel() {
        return Arbitraries.oneOf(List.of(
                Combinators.combine(lsns(), times(), xids()).as(Begin::new),
                Combinators.combine(lsns(), lsns(), times()).as(Commit::new),
                origins(),
                Combinators.combine(xids(), Arbitraries.of(true, false)).as(StreamStart::new),
                Combinators.combine(xids(), lsns(), lsns(), times()).as(StreamCommit::new),
                Combinators.combine(xids(), xids(), aborts().optional()).as(StreamAbort::new),
                Combinators.combine(lsns(), lsns(), times(), xids(), names()).as(BeginPrepare::new),
                Combinators.combine(lsns(), lsns(), times(), xids(), names()).as(Prepare::new),
                Combinators.combine(lsns(), lsns(), times(), xids(), names()).as(CommitPrepared::new),
                Combinators.combine(lsns(), lsns(), times(), times(), xids(), names())
                        .as(RollbackPrepared::new),
                Combinators.combine(lsns(), lsns(), times(), xids(), names()).as(StreamPrepare::new)));
    }

    private static Arbitrary<PgOutputMessage> content(Arbitrary<Long> xids) {
        return Arbitraries.oneOf(List.of(
                Combinators.combine(xids, oids(), names(), names(), identities(), columns())
                        .as(Relation::new),
                Combinators.combine(xids, oids(), names(), names()).as(PgOutputMessage.Type::new),
                Combinators.combine(xids, oids(), tuples()).as(Insert::new),
                Combinators.combine(xids, oids(), oldRows(), tuples()).as(Update::new),
                Combinators.combine(xids, oids(), sentRows()).as(Delete::new),
                Combinators.combine(
                                xids,
                                Arbitraries.of(true, false),
                                Arbitraries.of(true, false),
                                oids().list().ofMaxSize(5))
                        .as(Truncate::new),
                Combinators.combine(xids, Arbitraries.of(true, false), lsns(), names(), contents())
                        .as(LogicalMessage::new)));
    }

    private static Arbitrary<Origin> origins() {
        return Combinators.combine(anyLsns(), names()).as(Origin::new);
    }

    private static Arbitrary<StreamAbort.Abort> aborts() {
        return Combinators.combine(anyLsns(), times()).as(StreamAbort.Abort::new);
    }

    private static Arbitrary<List<Relation.Column>> columns() {
        return Combinators.combine(Arbitraries.of(true, false), names(), oids(), Arbitraries.integers())
                .as(Relation.Column::new)
                .list()
                .ofMaxSize(6);
    }

    private static Arbitrary<OldRow> oldRows() {
        return Arbitraries.oneOf(Arbitraries.just(OldRow.ABSENT), sentRows());
    }

    private static Arbitrary<OldRow.Present> sentRows() {
        return Arbitraries.oneOf(tuples().map(OldRow.Key::new), tuples().map(OldRow.Full::new));
    }

    private static Arbitrary<Tuple> tuples() {
        return Arbitraries.oneOf(
                        Arbitraries.just(Tuples.NULL),
                        Arbitraries.just(Tuples.UNCHANGED_TOAST),
                        Arbitraries.strings().ofMaxLength(20).map(Tuples.Cell.Text::new),
                        Arbitraries.bytes().list().ofMaxSize(20).map(Tuples.Cell.Binary::new))
                .list()
                .ofMaxSize(6)
                .map(Tuples::of);
    }

    private static Arbitrary<ReplicaIdentity> identities() {
        return Arbitraries.of(ReplicaIdentity.class);
    }

    private static Arbitrary<Bytes> contents() {
        return Arbitraries.bytes().array(byte[].class).ofMaxSize(30).map(bytes -> new Bytes(bytes, 0, bytes.length));
    }

    /// No NUL, which ends a name on the wire, no lone surrogates, and not empty.
    private static Arbitrary<String> names() {
        return Arbitraries.strings()
                .withCharRange('\u0001', '\uD7FF')
                .ofMinLength(1)
                .ofMaxLength(12);
    }

    private static Arbitrary<Long> xids() {
        return Arbitraries.longs().between(1, 0xFFFF_FFFFL);
    }

    private static Arbitrary<Long> oids() {
        return Arbitraries.longs().between(0, 0xFFFF_FFFFL);
    }

    private static Arbitrary<Lsn> lsns() {
        return anyLsns().filter(Lsn::isValid);
    }

    private static Arbitrary<Lsn> anyLsns() {
        return Arbitraries.longs().map(Lsn::new);
    }

    /// From 4713 BC to 294276 AD, the range of PostgreSQL's timestamps.
    private static Arbitrary<Instant> times() {
        return Arbitraries.longs()
                .between(-211_813_488_000_000_000L, 9_223_371_331_199_999_999L)
                .map(micros -> Instant.parse("2000-01-01T00:00:00Z")
                        .plusSeconds(Math.floorDiv(micros, 1_000_000L))
                        .plusNanos(Math.floorMod(micros, 1_000_000L) * 1_000));
    }
}
