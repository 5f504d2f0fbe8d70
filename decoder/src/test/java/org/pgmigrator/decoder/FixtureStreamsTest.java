package org.pgmigrator.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgmigrator.decoder.Fixtures.Fixture;
import org.pgmigrator.decoder.PgOutputMessage.BeginPrepare;
import org.pgmigrator.decoder.PgOutputMessage.CommitPrepared;
import org.pgmigrator.decoder.PgOutputMessage.Content;
import org.pgmigrator.decoder.PgOutputMessage.Insert;
import org.pgmigrator.decoder.PgOutputMessage.LogicalMessage;
import org.pgmigrator.decoder.PgOutputMessage.Origin;
import org.pgmigrator.decoder.PgOutputMessage.Prepare;
import org.pgmigrator.decoder.PgOutputMessage.RollbackPrepared;
import org.pgmigrator.decoder.PgOutputMessage.StreamAbort;
import org.pgmigrator.decoder.PgOutputMessage.StreamCommit;
import org.pgmigrator.decoder.PgOutputMessage.StreamPrepare;
import org.pgmigrator.decoder.PgOutputMessage.StreamStart;
import org.pgmigrator.decoder.PgOutputMessage.Truncate;
import org.pgmigrator.decoder.PgOutputMessage.Update;

/// What transactions in progress and two-phase commits mean. How many blocks there are is the server's choice.
class FixtureStreamsTest {

    @ParameterizedTest
    @MethodSource("streamedAndCommitted")
    void whatASavepointTookBackIsNamedByItsSubtransaction(Fixture fixture) {
        StreamCommit commit = fixture.only(StreamCommit.class);
        StreamAbort abort = fixture.only(StreamAbort.class);
        List<Insert> inserts = fixture.messages(Insert.class);

        assertThat(abort.xid()).isEqualTo(commit.xid());
        assertThat(abort.ofWholeTransaction()).isFalse();
        assertThat(abort.abort()).as("only version 4 tells where").isEmpty();
        assertThat(inserts).hasSize(2);
        assertThat(inserts.get(0).xid()).isEqualTo(commit.xid());
        assertThat(inserts.get(1).xid()).isEqualTo(abort.subxid());
        assertThat(inserts.get(1).after().text(1)).isEqualTo("angry");
        assertThat(commit.endLsn()).isGreaterThan(commit.commitLsn());
    }

    @ParameterizedTest
    @MethodSource("streamedAndCommitted")
    void everythingInABlockCarriesItsXidExceptTheOrigin(Fixture fixture) {
        assertThat(Sketch.of(fixture.messages()))
                .containsExactly(
                        "Type public.mood",
                        "Relation public.item DEFAULT [id*, mood]",
                        "Insert item ['1', 'calm']",
                        "Message note in transaction in a block",
                        "Insert item ['2', 'angry']",
                        // After a rolled back subtransaction the server announces everything again.
                        "Type public.mood",
                        "Relation public.item DEFAULT [id*, mood]",
                        "Update item key ['1', null] -> ['3', 'calm']",
                        "Delete item key ['3', null]",
                        "Relation public.other DEFAULT [id*]",
                        "Truncate [other] restart identity");
        assertThat(fixture.messages(Content.class)).extracting(Content::xid).doesNotContain(0L);
        assertThat(fixture.messages(LogicalMessage.class).getFirst().xid())
                .isEqualTo(fixture.only(StreamCommit.class).xid());
        assertThat(fixture.only(Update.class).xid())
                .isEqualTo(fixture.only(Truncate.class).xid())
                .isGreaterThan(fixture.only(StreamAbort.class).subxid());
        assertThat(fixture.messages(Origin.class))
                .as("its position is not known before the commit")
                .contains(new Origin(Lsn.INVALID, "streamed"));
    }

    @ParameterizedTest
    @MethodSource("streamedAndCommitted")
    void onlyTheFirstBlockIsFirst(Fixture fixture) {
        List<StreamStart> starts = fixture.messages(StreamStart.class);

        assertThat(starts.size()).isGreaterThan(1);
        assertThat(starts.getFirst().firstSegment()).isTrue();
        assertThat(starts.subList(1, starts.size()))
                .extracting(StreamStart::firstSegment)
                .containsOnly(false);
        assertThat(starts)
                .extracting(StreamStart::xid)
                .containsOnly(fixture.only(StreamCommit.class).xid());
    }

    @ParameterizedTest
    @MethodSource("streamedAndAborted")
    void aRolledBackTransactionIsNamedAsAWhole(Fixture fixture) {
        StreamAbort abort = fixture.only(StreamAbort.class);

        assertThat(abort.ofWholeTransaction()).isTrue();
        assertThat(fixture.only(Insert.class).xid()).isEqualTo(abort.xid());
        assertThat(fixture.messages().getLast()).isEqualTo(abort);
    }

    @ParameterizedTest
    @MethodSource("streamedInParallel")
    void versionFourTellsWhereAndWhenTheRollbackWas(Fixture fixture) {
        StreamCommit commit = fixture.only(StreamCommit.class);

        assertThat(fixture.only(StreamAbort.class).abort()).hasValueSatisfying(abort -> {
            assertThat(abort.lsn()).isLessThan(commit.commitLsn()).isGreaterThan(Lsn.INVALID);
            assertThat(abort.time())
                    .isBefore(commit.commitTime())
                    .isAfter(commit.commitTime().minusSeconds(60));
        });
    }

    @ParameterizedTest
    @MethodSource("prepared")
    void preparedTransactionsAreSettledByTheirGid(Fixture fixture) {
        List<BeginPrepare> begins = fixture.messages(BeginPrepare.class);
        List<Prepare> prepares = fixture.messages(Prepare.class);
        CommitPrepared commit = fixture.only(CommitPrepared.class);
        RollbackPrepared rollback = fixture.only(RollbackPrepared.class);

        assertThat(begins).extracting(BeginPrepare::gid).containsExactly("to commit ü", "to roll back");
        for (int i = 0; i < 2; i++) {
            Prepare prepare = prepares.get(i);
            assertThat(begins.get(i))
                    .isEqualTo(new BeginPrepare(
                            prepare.prepareLsn(),
                            prepare.endLsn(),
                            prepare.prepareTime(),
                            prepare.xid(),
                            prepare.gid()));
        }
        assertThat(commit.gid()).isEqualTo("to commit ü");
        assertThat(commit.xid()).isEqualTo(prepares.get(0).xid());
        assertThat(commit.commitLsn()).isGreaterThanOrEqualTo(prepares.get(0).endLsn());
        assertThat(rollback.gid()).isEqualTo("to roll back");
        assertThat(rollback.xid()).isEqualTo(prepares.get(1).xid());
        assertThat(rollback.prepareEndLsn()).isEqualTo(prepares.get(1).endLsn());
        assertThat(rollback.prepareTime()).isEqualTo(prepares.get(1).prepareTime());
        assertThat(rollback.rollbackTime()).isAfter(rollback.prepareTime());
        assertThat(rollback.rollbackEndLsn()).isGreaterThan(rollback.prepareEndLsn());
        assertThat(fixture.messages(Insert.class)).extracting(Insert::xid).containsOnly(0L);
    }

    @ParameterizedTest
    @MethodSource("streamedAndPrepared")
    void aStreamedTransactionCanBePrepared(Fixture fixture) {
        StreamPrepare prepare = fixture.only(StreamPrepare.class);
        CommitPrepared commit = fixture.only(CommitPrepared.class);

        assertThat(prepare.gid()).isEqualTo("streamed");
        assertThat(prepare.xid()).isEqualTo(fixture.only(Insert.class).xid());
        assertThat(prepare.endLsn()).isGreaterThan(prepare.prepareLsn());
        assertThat(commit.gid()).isEqualTo("streamed");
        assertThat(commit.xid()).isEqualTo(prepare.xid());
    }

    private static Stream<Fixture> streamedAndCommitted() {
        return Fixtures.of("streaming-commit").stream();
    }

    private static Stream<Fixture> streamedAndAborted() {
        return Fixtures.of("streaming-abort").stream();
    }

    private static Stream<Fixture> streamedInParallel() {
        return Fixtures.of("streaming-parallel").stream();
    }

    private static Stream<Fixture> prepared() {
        return Fixtures.of("two-phase").stream();
    }

    private static Stream<Fixture> streamedAndPrepared() {
        return Fixtures.of("streaming-two-phase").stream();
    }
}
