package org.pgmigrator.core.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.stream.StreamItem.TransactionPart;
import org.pgmigrator.decoder.Bytes;
import org.pgmigrator.decoder.Framing;
import org.pgmigrator.decoder.Lsn;
import org.pgmigrator.decoder.PgOutputDecoder;
import org.pgmigrator.decoder.PgOutputMessage;
import org.pgmigrator.decoder.PgOutputMessage.Begin;
import org.pgmigrator.decoder.PgOutputMessage.Commit;
import org.pgmigrator.decoder.PgOutputMessage.LogicalMessage;
import org.pgmigrator.decoder.PgOutputMessage.Relation;
import org.pgmigrator.decoder.PgOutputMessage.StreamStop;
import org.pgmigrator.decoder.PgOutputMessage.Truncate;
import org.pgmigrator.decoder.ReplicaIdentity;

class TransactionAssemblerTest {

    private static final Begin BEGIN = new Begin(Lsn.parse("0/100"), Instant.EPOCH, 77);
    private static final Commit COMMIT = new Commit(Lsn.parse("0/100"), Lsn.parse("0/130"), Instant.EPOCH);

    private final TransactionAssembler assembler =
            new TransactionAssembler(name -> !name.name().startsWith("not_"));

    private static Relation relation(long oid, String name) {
        return new Relation(
                0, oid, "public", name, ReplicaIdentity.DEFAULT, List.of(new Relation.Column(true, "id", 23, -1)));
    }

    private static PgOutputMessage insert(int oid, String value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            byte[] text = value.getBytes(StandardCharsets.UTF_8);
            out.writeByte('I');
            out.writeInt(oid);
            out.writeByte('N');
            out.writeShort(1);
            out.writeByte('t');
            out.writeInt(text.length);
            out.write(text);
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
        return PgOutputDecoder.decode(ByteBuffer.wrap(bytes.toByteArray()), Framing.TOP_LEVEL);
    }

    @Test
    void aSmallTransactionComesWholeWithItsCommit() {
        assertThat(assembler.accept(BEGIN, 21)).isEmpty();
        assertThat(assembler.isInsideTransaction()).isTrue();
        assembler.accept(relation(1, "t"), 30);
        assertThat(assembler.accept(insert(1, "5"), 15)).isEmpty();
        TransactionPart part = assembler.accept(COMMIT, 26).orElseThrow();
        assertThat(part.first()).isTrue();
        assertThat(part.commit()).contains(COMMIT);
        assertThat(part.changes()).hasSize(1).first().isInstanceOf(Change.Insert.class);
        assertThat(assembler.isInsideTransaction()).isFalse();
    }

    @Test
    void aLargeTransactionComesInPartsAndOnlyTheLastHasTheCommit() {
        assembler.accept(BEGIN, 21);
        assembler.accept(relation(1, "t"), 30);
        Optional<TransactionPart> first = assembler.accept(insert(1, "x".repeat(1_200_000)), 1_200_000);
        assertThat(first).hasValueSatisfying(part -> {
            assertThat(part.first()).isTrue();
            assertThat(part.commit()).isEmpty();
        });
        Optional<TransactionPart> second = assembler.accept(insert(1, "x".repeat(1_200_000)), 1_200_000);
        assertThat(second).hasValueSatisfying(part -> {
            assertThat(part.first()).isFalse();
            assertThat(part.commit()).isEmpty();
        });
        TransactionPart last = assembler.accept(COMMIT, 26).orElseThrow();
        assertThat(last.first()).isFalse();
        assertThat(last.commit()).contains(COMMIT);
        assertThat(last.changes()).isEmpty();
    }

    @Test
    void changesOfRelationsThatAreNotCarriedAreDropped() {
        assembler.accept(BEGIN, 21);
        assembler.accept(relation(1, "t"), 30);
        assembler.accept(relation(2, "not_carried"), 30);
        assembler.accept(insert(2, "9"), 15);
        assembler.accept(new Truncate(0, false, false, List.of(2L)), 15);
        assembler.accept(new Truncate(0, true, true, List.of(1L, 2L)), 15);
        TransactionPart part = assembler.accept(COMMIT, 26).orElseThrow();
        assertThat(part.changes()).singleElement().isInstanceOfSatisfying(Change.Truncate.class, truncate -> {
            assertThat(truncate.relations()).extracting(Relation::name).containsExactly("t");
            assertThat(truncate.cascade()).isTrue();
            assertThat(truncate.restartIdentity()).isTrue();
        });
    }

    @Test
    void aRelationThatIsDescribedAgainReplacesTheFormerOne() {
        assembler.accept(BEGIN, 21);
        Relation former = relation(1, "t");
        Relation later = relation(1, "renamed");
        assembler.accept(former, 30);
        assembler.accept(insert(1, "1"), 15);
        assembler.accept(later, 30);
        assembler.accept(insert(1, "2"), 15);
        TransactionPart part = assembler.accept(COMMIT, 26).orElseThrow();
        assertThat(part.changes())
                .extracting(change -> ((Change.Insert) change).relation().name())
                .containsExactly("t", "renamed");
    }

    @Test
    void aRelationThatIsDescribedAgainWithNothingNewStaysTheSameObject() {
        assembler.accept(BEGIN, 21);
        assembler.accept(relation(1, "t"), 30);
        assembler.accept(insert(1, "1"), 15);
        assembler.accept(relation(1, "t"), 30);
        assembler.accept(insert(1, "2"), 15);
        TransactionPart part = assembler.accept(COMMIT, 26).orElseThrow();
        Relation before = ((Change.Insert) part.changes().getFirst()).relation();
        Relation after = ((Change.Insert) part.changes().getLast()).relation();
        assertThat(after).isSameAs(before);
    }

    @Test
    void onlyTransactionalMessagesBelongToTheTransaction() {
        LogicalMessage outside =
                new LogicalMessage(0, false, Lsn.parse("0/90"), "app", Bytes.ofUtf8("not transactional"));
        assertThat(assembler.accept(outside, 30)).isEmpty();
        assembler.accept(BEGIN, 21);
        assembler.accept(new LogicalMessage(0, true, Lsn.parse("0/95"), "app", Bytes.ofUtf8("inside")), 30);
        TransactionPart part = assembler.accept(COMMIT, 26).orElseThrow();
        assertThat(part.changes()).singleElement().isInstanceOf(Change.Message.class);
    }

    @Test
    void whatWasNotAskedForOrIsOutOfOrderIsAFailure() {
        assertThatThrownBy(() -> assembler.accept(new StreamStop(), 1)).isInstanceOf(MigrationException.class);
        assertThatThrownBy(() -> assembler.accept(COMMIT, 26)).isInstanceOf(MigrationException.class);
        assertThatThrownBy(() -> assembler.accept(insert(42, "1"), 15)).isInstanceOf(MigrationException.class);
        assembler.accept(BEGIN, 21);
        assertThatThrownBy(() -> assembler.accept(BEGIN, 21)).isInstanceOf(MigrationException.class);
    }
}
