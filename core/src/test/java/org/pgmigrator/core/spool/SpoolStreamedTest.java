package org.pgmigrator.core.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;
import static org.pgmigrator.core.spool.SpoolFixture.EVERYTHING;
import static org.pgmigrator.core.spool.SpoolFixture.IDENTITY;
import static org.pgmigrator.core.spool.SpoolFixture.START;
import static org.pgmigrator.core.spool.SpoolFixture.assertSame;
import static org.pgmigrator.core.spool.SpoolFixture.awaitDurable;
import static org.pgmigrator.core.spool.SpoolFixture.readAll;
import static org.pgmigrator.core.spool.SpoolFixture.readInto;
import static org.pgmigrator.core.spool.SpoolFixture.segments;
import static org.pgmigrator.core.spool.SpoolFixture.sizeOf;
import static org.pgmigrator.core.spool.SpoolFixture.transactions;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.spool.StreamedSource.Transaction;
import org.pgmigrator.core.spool.StreamedSource.Wire;
import org.pgmigrator.decoder.Lsn;

/// Transactions that come while they are in progress: they come out in the order of their commits, without what was
/// rolled back, or not at all.
@Timeout(120)
class SpoolStreamedTest {

    private static final SpoolLimits LARGE = SpoolLimits.of(1L << 30);

    private final StreamedSource source = new StreamedSource(1, START, 1_000);

    @TempDir
    private Path path;

    private static void write(Spool spool, List<Wire> wire) {
        for (Wire part : wire) {
            byte[] message = part.message();
            if (message.length == 0) {
                spool.idle(part.owner().end);
            } else {
                spool.append(START, ByteBuffer.wrap(message));
            }
        }
    }

    private static void write(Spool spool, byte[] message) {
        spool.append(START, ByteBuffer.wrap(message));
    }

    private void assertAllIsThere(Spool spool) throws Exception {
        spool.flush();
        assertSame(readAll(spool, START), source.sent());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverIsInterleavedAndRolledBackTheCommitsComeOutInTheirOrder(int seed) throws Exception {
        // The ids start again in the middle of it.
        StreamedSource clients = new StreamedSource(seed, START, -400);
        clients.clients(6_000, 200);
        try (Spool spool = SpoolFixture.create(path, LARGE);
                SpoolReader follower = spool.reader(START)) {
            List<Source.Sent> followed = new ArrayList<>();
            for (int i = 0; i < clients.wire().size(); i += 500) {
                write(
                        spool,
                        clients.wire()
                                .subList(i, Math.min(i + 500, clients.wire().size())));
                spool.flush();
                readInto(follower, followed, Duration.ZERO);
            }
            assertSame(followed, clients.sent());
            assertThat(clients.sent().size()).isGreaterThan(500);
            assertThat(spool.bytes()).isEqualTo(sizeOf(path));
            awaitDurable(spool, clients.end());
        }
        try (Spool spool = SpoolFixture.open(path, clients.end(), clients.end())) {
            assertSame(readAll(spool, START), clients.sent());
            assertThat(spool.bytes()).isEqualTo(sizeOf(path));
            Lsn middle = clients.sent().get(clients.sent().size() / 2).end();
            assertSame(
                    readAll(spool, middle),
                    clients.sent()
                            .subList(
                                    clients.sent().size() / 2 + 1,
                                    clients.sent().size()));
        }
    }

    @Test
    void whatIsInProgressIsNotReadAndMovesNoPosition() throws Exception {
        Transaction open = source.begin();
        open.row(100);
        open.block();
        source.ordinary();
        try (Spool spool = SpoolFixture.create(path)) {
            write(spool, source.wire());
            assertThat(spool.isInsideTransaction()).isFalse();
            assertAllIsThere(spool);
            assertThat(spool.written()).isEqualTo(source.end());
            awaitDurable(spool, source.end());
            assertThat(transactions(path)).hasSize(1);
            assertThat(spool.bytes()).isEqualTo(sizeOf(path));
        }
        assertThat(transactions(path)).as("after an end in order").isEmpty();
    }

    @Test
    void insideAStreamBlockNoPositionIsIdle() {
        try (Spool spool = SpoolFixture.create(path)) {
            write(spool, StreamedSource.start(5, true));
            assertThat(spool.isInsideTransaction()).isTrue();
            write(spool, new byte[] {'E'});
            assertThat(spool.isInsideTransaction()).isFalse();
        }
    }

    @Test
    void aRolledBackTransactionGivesItsRoomBack() throws Exception {
        Transaction gone = source.begin();
        for (int i = 0; i < 100; i++) {
            gone.row(10_000);
        }
        gone.block();
        gone.rollBackAll();
        source.ordinary();
        try (Spool spool = SpoolFixture.create(path, LARGE)) {
            long before = spool.bytes();
            write(spool, source.wire().subList(0, 103));
            assertThat(spool.bytes()).isGreaterThan(before + 400_000);
            write(spool, source.wire().subList(103, 104));
            assertThat(spool.bytes()).isEqualTo(before);
            assertThat(transactions(path)).isEmpty();
            write(spool, source.wire().subList(104, source.wire().size()));
            assertAllIsThere(spool);
        }
    }

    @Test
    void aRolledBackSubtransactionGivesItsRoomBack() throws Exception {
        Transaction one = source.begin();
        one.row(10);
        for (int i = 0; i < 50; i++) {
            one.savepoint();
            for (int j = 0; j < 30; j++) {
                one.row(20_000);
            }
            one.block();
            one.rollBack(1);
            one.row(10);
        }
        one.commit();
        try (Spool spool = SpoolFixture.create(path, LARGE)) {
            long most = 0;
            for (Wire part : source.wire()) {
                write(spool, part.message());
                most = Math.max(most, spool.bytes());
            }
            assertThat(most).isBetween(300_000L, 700_000L);
            assertThat(spool.bytes()).isLessThan(20_000).isEqualTo(sizeOf(path));
            assertAllIsThere(spool);
        }
    }

    @Test
    void aSubtransactionWhoseRowsDoNotLieTogetherAtTheEndIsNotCutOffBlindly() {
        try (Spool spool = SpoolFixture.create(path)) {
            write(spool, StreamedSource.start(5, true));
            for (int xid : new int[] {5, 6, 5, 6}) {
                write(spool, StreamedSource.inBlock(xid, new byte[] {'I', 0, 0, 0, 1}));
            }
            write(spool, new byte[] {'E'});
            write(spool, StreamedSource.abort(5, 6));
            assertThatThrownBy(() -> write(spool, StreamedSource.start(5, false)))
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            refused -> assertThat(refused.failure().kind()).isEqualTo(FailureKind.DECODE_FAILED));
        }
    }

    @Test
    void theSameInSeveralBlocksIsNoticedToo() {
        try (Spool spool = SpoolFixture.create(path)) {
            int block = 0;
            for (int xid : new int[] {5, 6, 5, 6}) {
                write(spool, StreamedSource.start(5, block++ == 0));
                write(spool, StreamedSource.inBlock(xid, new byte[] {'I', 0, 0, 0, 1}));
                write(spool, new byte[] {'E'});
            }
            write(spool, StreamedSource.abort(5, 6));
            assertThatThrownBy(() -> write(spool, StreamedSource.start(5, false)))
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            refused -> assertThat(refused.failure().kind()).isEqualTo(FailureKind.DECODE_FAILED));
        }
    }

    @Test
    void aTransactionWhoseBeginningWasNotSentIsRefused() {
        try (Spool spool = SpoolFixture.create(path)) {
            assertThatThrownBy(() -> write(spool, StreamedSource.start(5, false)))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("whose beginning was not sent");
        }
    }

    @Test
    void onANewConnectionEverythingInProgressComesAgain() throws Exception {
        source.clients(3_000, 100);
        Random random = new Random(5);
        try (Spool spool = SpoolFixture.create(path)) {
            for (int connection = 0; connection < 20; connection++) {
                List<Wire> rest = source.after(spool.written());
                write(spool, rest.subList(0, random.nextInt(rest.size() + 1)));
                spool.discardIncomplete();
                assertThat(transactions(path)).noneMatch(file -> file.toString().endsWith(".new"));
                assertThat(spool.bytes()).isEqualTo(sizeOf(path));
            }
            write(spool, source.after(spool.written()));
            assertAllIsThere(spool);
            awaitDurable(spool, source.end());
        }
    }

    @Test
    void aTransactionThatIsHereAlreadyIsNotTakenAgain() throws Exception {
        Transaction one = source.begin();
        one.row(10);
        one.commit();
        source.ordinary();
        try (Spool spool = SpoolFixture.create(path)) {
            write(spool, source.wire());
            write(spool, source.wire());
            assertAllIsThere(spool);
            assertThat(transactions(path)).hasSize(1);
        }
    }

    @Test
    void nothingIsDurableBeforeTheFileOfItsTransactionIs() throws Exception {
        FailingDisk disk = new FailingDisk();
        disk.syncs.release(1_000_000);
        try (Spool spool = Spool.create(SpoolDirectory.lock(path), IDENTITY, START, LARGE, disk)) {
            for (int i = 0; i < 20; i++) {
                int from = source.wire().size();
                Transaction one = source.begin();
                one.row(1_000);
                one.commit();
                write(spool, source.wire().subList(from, source.wire().size()));
                awaitDurable(spool, source.end());
                FailingDisk.Written file = disk.files.getLast();
                assertThat(file.path().toString()).contains("transaction-");
                assertThat(file.synced().get())
                        .isPositive()
                        .isEqualTo(file.length().get());
            }
            disk.syncFails = true;
            int from = source.wire().size();
            Transaction one = source.begin();
            one.row(1_000);
            one.block();
            write(spool, source.wire().subList(from, source.wire().size()));
            await().until(() -> spool.failure().isPresent());
        }
    }

    @Test
    void theFilesGoWithTheSegmentThatRefersToThem() throws Exception {
        try (Spool spool = SpoolFixture.create(path)) {
            for (int i = 0; i < 10; i++) {
                int from = source.wire().size();
                Transaction one = source.begin();
                one.row(1_000);
                one.commit();
                write(spool, source.wire().subList(from, source.wire().size()));
            }
            assertThat(transactions(path)).hasSize(10);
            awaitDurable(spool, source.end());
            Lsn applied = source.sent().get(6).end();
            await().until(() -> {
                spool.release(applied);
                return transactions(path).size() == 3;
            });
            assertThat(spool.bytes()).isEqualTo(sizeOf(path));
            assertSame(readAll(spool, applied), source.sent().subList(7, 10));
        }
        // A crash between the removal of a segment and of its files.
        Files.write(path.resolve("transaction-0000000000000001"), new byte[] {1});
        Files.write(path.resolve("transaction-0000000000000002.new"), new byte[] {1});
        try (Spool spool = SpoolFixture.open(path, source.end(), source.end())) {
            assertThat(transactions(path)).hasSize(3);
            assertSame(readAll(spool, source.sent().get(6).end()), source.sent().subList(7, 10));
        }
    }

    @Test
    void beyondTheLimitWhatIsInProgressIsLetInOnlyWhereNothingCanBeRemoved() throws Exception {
        SpoolLimits limits = new SpoolLimits(80_000, 10_000, Duration.ofMillis(1), 1);
        Transaction large = source.begin();
        try (Spool spool = SpoolFixture.create(path, limits)) {
            while (spool.bytes() < 200_000) {
                int from = source.wire().size();
                large.row(5_000);
                large.block();
                assertThat(spool.awaitRoom(Duration.ZERO)).isTrue();
                write(spool, source.wire().subList(from, source.wire().size()));
            }
            int from = source.wire().size();
            for (int i = 0; i < 600; i++) {
                source.ordinary();
            }
            write(spool, source.wire().subList(from, source.wire().size()));
            spool.flush();
            assertThat(segments(path)).hasSizeGreaterThan(1);
            assertThat(spool.awaitRoom(Duration.ZERO)).isFalse();
            awaitDurable(spool, source.end());
            await().until(() -> {
                spool.release(source.end());
                return spool.awaitRoom(Duration.ZERO);
            });
            assertThat(spool.bytes()).isGreaterThan(200_000);
        }
    }

    @Test
    void whereTheDiskHasNoRoomForWhatIsInProgressTheSpoolIsSoundWithoutIt() throws Exception {
        FailingDisk disk = new FailingDisk();
        disk.syncs.release(1_000_000);
        source.ordinary();
        Transaction large = source.begin();
        large.row(1_000);
        large.block();
        try (Spool spool = Spool.create(SpoolDirectory.lock(path), IDENTITY, START, LARGE, disk)) {
            write(spool, source.wire());
            disk.writeInProgressFails = true;
            int from = source.wire().size();
            large.row(1_000);
            large.block();
            assertThatThrownBy(() -> write(
                            spool, source.wire().subList(from, source.wire().size())))
                    .isInstanceOfSatisfying(MigrationException.class, noRoom -> {
                        assertThat(noRoom.failure().kind()).isEqualTo(FailureKind.SPOOL_FULL);
                        assertThat(noRoom.failure().why()).contains("No space left on device");
                    });
            assertThat(spool.failure()).isEmpty();
            spool.discardIncomplete();
            assertThat(transactions(path)).isEmpty();
            assertThat(spool.bytes()).isEqualTo(sizeOf(path));
            // The same transaction after its commit, as protocol 1 has it.
            Source.Sent committed = large.commit();
            committed.messages().forEach(message -> write(spool, message));
            assertAllIsThere(spool);
            awaitDurable(spool, source.end());
        }
    }

    @Test
    void whatIsRefusedForAnotherReasonThanRoomEndsTheSpool() throws Exception {
        FailingDisk disk = new FailingDisk();
        disk.syncs.release(1_000_000);
        disk.writeInProgressFails = true;
        disk.writeFailure = "Input/output error";
        Transaction one = source.begin();
        one.row(1_000);
        one.block();
        try (Spool spool = Spool.create(SpoolDirectory.lock(path), IDENTITY, START, LARGE, disk)) {
            assertThatThrownBy(() -> write(spool, source.wire()))
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            refused -> assertThat(refused.failure().kind()).isEqualTo(FailureKind.SPOOL_FAILED));
            assertThat(spool.failure()).isPresent();
        }
    }

    @Test
    void beyondTheLimitWithNothingToBeRemovedSeveralInProgressAreGivenUpButOneIsLetIn() throws Exception {
        SpoolLimits limits = new SpoolLimits(80_000, 10_000, Duration.ofMillis(1), 1);
        Transaction large = source.begin();
        Transaction other = source.begin();
        try (Spool spool = SpoolFixture.create(path, limits)) {
            while (spool.bytes() < 100_000) {
                writeNext(spool, large);
            }
            assertThat(spool.isBeyondLimit()).isTrue();
            writeNext(spool, other);
            assertThatThrownBy(() -> spool.awaitRoom(Duration.ZERO))
                    .isInstanceOfSatisfying(MigrationException.class, noRoom -> {
                        assertThat(noRoom.failure().kind()).isEqualTo(FailureKind.SPOOL_FULL);
                        assertThat(noRoom.failure().why()).contains("2 transactions in progress");
                    });
            assertThat(spool.failure()).isEmpty();
            spool.discardIncomplete();
            assertThat(spool.awaitRoom(Duration.ZERO)).isTrue();
            assertThat(spool.isBeyondLimit()).isFalse();
            other.commit().messages().forEach(message -> write(spool, message));
            large.commit().messages().forEach(message -> {
                assertThat(hasRoom(spool)).isTrue();
                write(spool, message);
            });
            assertAllIsThere(spool);
        }
    }

    private static boolean hasRoom(Spool spool) {
        try {
            return spool.awaitRoom(Duration.ZERO);
        } catch (InterruptedException nobodyDoes) {
            throw new AssertionError(nobodyDoes);
        }
    }

    private void writeNext(Spool spool, Transaction one) {
        int from = source.wire().size();
        one.row(5_000);
        one.block();
        assertThat(hasRoom(spool)).isTrue();
        write(spool, source.wire().subList(from, source.wire().size()));
    }

    /// A real disk that is really full, where this user may mount one.
    @Test
    void onADiskThatIsNearlyFullWhatIsInProgressIsGivenUpBeforeNothingElseHasRoom() throws Exception {
        Path disk = Files.createDirectory(path.resolve("disk"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.toString()))
                .isZero();
        try (Spool spool = SpoolFixture.create(
                disk.resolve("spool"), new SpoolLimits(1 << 30, 1 << 14, Duration.ofMillis(1), 1))) {
            Transaction large = source.begin();
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 1_000; i++) {
                            int from = source.wire().size();
                            large.row(5_000);
                            large.block();
                            spool.awaitRoom(Duration.ZERO);
                            write(
                                    spool,
                                    source.wire().subList(from, source.wire().size()));
                        }
                    })
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            noRoom -> assertThat(noRoom.failure().kind()).isEqualTo(FailureKind.SPOOL_FULL));
            assertThat(spool.failure()).isEmpty();
            spool.discardIncomplete();
            source.ordinary();
            source.sent().getLast().messages().forEach(message -> write(spool, message));
            assertAllIsThere(spool);
            awaitDurable(spool, source.end());
        } finally {
            assertThat(run("umount", disk.toString())).isZero();
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    @Test
    void whatATransactionDescribedForItselfIsKnownToTheOthersOnceItIsCommittedUnlessItWasDescribedAnew()
            throws Exception {
        byte[] first = Source.relation(1, "first");
        byte[] second = Source.relation(1, "second");
        byte[] other = Source.relation(2, "other");
        try (Spool spool = SpoolFixture.create(path, LARGE)) {
            Transaction streamed = source.begin();
            streamed.row(1);
            streamed.block();
            write(spool, source.wire().subList(0, source.wire().size() - 1));
            write(spool, StreamedSource.inBlock(streamed.xid(), first));
            write(spool, StreamedSource.inBlock(streamed.xid(), other));
            write(spool, new byte[] {'E'});
            Source.Sent ordinary = source.whole.transaction(1, 1);
            write(spool, ordinary.messages().getFirst());
            write(spool, second);
            ordinary.messages().stream().skip(1).forEach(message -> write(spool, message));
            int from = source.wire().size();
            streamed.commit();
            write(spool, source.wire().subList(from, source.wire().size()));
            spool.flush();
            awaitDurable(spool, source.end());
            assertThat(describedAtTheEnd(spool, START)).containsExactly("first", "other", "second", "other");
            assertThat(describedAtTheEnd(spool, source.end()))
                    .as("also where the transaction is on the target")
                    .endsWith("second", "other");
        }
    }

    /// The names in the last descriptions, which come behind the last commit.
    private static List<String> describedAtTheEnd(Spool spool, Lsn after) throws Exception {
        List<String> names = new ArrayList<>();
        try (SpoolReader reader = spool.reader(after)) {
            Optional<Spooled> next = reader.next(Duration.ZERO);
            while (next.isPresent()) {
                byte[] message = ((Spooled.Frame) next.get()).message().array();
                String name = new String(message, 5, message.length - 5, java.nio.charset.StandardCharsets.US_ASCII);
                if (message[0] == 'R' && !name.startsWith("public")) {
                    names.add(name);
                }
                if (message[0] == 'B') {
                    names.clear();
                }
                next = reader.next(Duration.ZERO);
            }
        }
        return names;
    }

    // Crashes and damage.

    /// Three segments with streamed transactions, the last of them in the last.
    private Path threeSegments() throws Exception {
        Path original = path.resolve("original");
        try (Spool spool = SpoolFixture.create(original, new SpoolLimits(1 << 20, 1_500, Duration.ofMillis(1), 1))) {
            for (int i = 0; i < 6; i++) {
                int from = source.wire().size();
                Transaction one = source.begin();
                one.row(100);
                one.block();
                source.ordinary();
                one.savepoint();
                one.row(100);
                one.block();
                one.rollBack(1);
                one.row(100);
                one.commit();
                source.ordinary();
                write(spool, source.wire().subList(from, source.wire().size()));
                spool.flush();
            }
            awaitDurable(spool, source.end());
        }
        assertThat(segments(original)).hasSizeBetween(3, 4);
        return original;
    }

    @Test
    void killedAtAnyMomentWhatWasConfirmedIsThereAndTheRestComesAgain() throws Exception {
        source.clients(1_500, 100);
        Random random = new Random(6);
        Lsn confirmed = START;
        SpoolFixture.create(path).close();
        for (int crash = 0; crash < 30; crash++) {
            Path copy = path.resolve("crash");
            try (Spool spool = SpoolFixture.open(path, confirmed, confirmed)) {
                assertThat(spool.written()).isEqualTo(confirmed);
                List<Wire> rest = source.after(confirmed);
                write(spool, rest.subList(0, random.nextInt(rest.size() + 1) / 3));
                spool.flush();
                confirmed = confirmed.max(spool.durable());
                // As a kill leaves it.
                SpoolFixture.copy(path, copy);
            }
            SpoolFixture.copy(copy, path);
            SpoolFixture.empty(copy);
        }
        try (Spool spool = SpoolFixture.open(path, confirmed, confirmed)) {
            write(spool, source.after(confirmed));
            assertAllIsThere(spool);
        }
    }

    @Test
    void cutAtAnyByteTheLastSegmentIsCutAndItsTransactionsComeAgain() throws Exception {
        Path original = threeSegments();
        Path last = segments(original).getLast();
        for (long length = 0; length <= Files.size(last); length++) {
            Path damaged = SpoolFixture.copy(original, path.resolve("damaged"));
            truncate(damaged.resolve(last.getFileName()), length);
            try (Spool spool = SpoolFixture.open(damaged, EVERYTHING, Lsn.INVALID)) {
                int read = source.sent().size()
                        - source.whole.after(spool.written()).size();
                assertSame(readAll(spool, START), source.sent().subList(0, read));
                assertThat(spool.bytes()).isEqualTo(sizeOf(damaged));
                write(spool, source.after(spool.written()));
                spool.flush();
                assertSame(readAll(spool, START), source.sent());
            }
        }
    }

    @Test
    void withTheFileOfATransactionCutAtAnyByteItIsRefusedAndLeftAsItIs() throws Exception {
        Path original = threeSegments();
        for (Path file : transactions(original)) {
            for (long length = -1; length < Files.size(file); length += 7) {
                Path damaged = SpoolFixture.copy(original, path.resolve("damaged"));
                if (length < 0) {
                    Files.delete(damaged.resolve(file.getFileName()));
                } else {
                    truncate(damaged.resolve(file.getFileName()), length);
                }
                long before = sizeOf(damaged);
                assertThatThrownBy(() -> SpoolFixture.open(damaged, source.end(), source.end()))
                        .isInstanceOfSatisfying(MigrationException.class, refused -> {
                            assertThat(refused.failure().kind()).isEqualTo(FailureKind.SPOOL_DAMAGED);
                            assertThat(refused.failure().why())
                                    .contains(file.getFileName().toString());
                        });
                assertThat(sizeOf(damaged)).isEqualTo(before);
            }
        }
    }

    @Test
    void whereATransactionsFileIsNotWholeAndNotConfirmedItComesAgain() throws Exception {
        Path original = threeSegments();
        for (Path file : transactions(original)) {
            Path damaged = SpoolFixture.copy(original, path.resolve("damaged"));
            truncate(damaged.resolve(file.getFileName()), 10);
            try (Spool spool = SpoolFixture.open(damaged, EVERYTHING, Lsn.INVALID)) {
                write(spool, source.after(spool.written()));
                spool.flush();
                assertSame(readAll(spool, START), source.sent());
            }
        }
    }

    @Test
    void withABitTurnedAtAnyByteOfATransactionsFileItsCommitNeverComesOut() throws Exception {
        Path original = threeSegments();
        Random random = new Random(4);
        for (Path file : transactions(original)) {
            for (long at = 0; at < Files.size(file); at++) {
                Path damaged = SpoolFixture.copy(original, path.resolve("damaged"));
                turnABit(damaged.resolve(file.getFileName()), at, random.nextInt(8));
                List<Source.Sent> read = new ArrayList<>();
                try (Spool spool = SpoolFixture.open(damaged, source.end(), source.end());
                        SpoolReader reader = spool.reader(START)) {
                    assertThatThrownBy(() -> readInto(reader, read, Duration.ZERO))
                            .isInstanceOfSatisfying(
                                    MigrationException.class,
                                    noticed ->
                                            assertThat(noticed.failure().kind()).isEqualTo(FailureKind.SPOOL_DAMAGED));
                }
                assertSame(read, source.sent().subList(0, read.size()));
                assertThat(read.size()).isLessThan(source.sent().size());
            }
        }
    }

    @Test
    void blocksOfAnotherTransactionsFileAreNotTakenForItsOwn() throws Exception {
        Path original = threeSegments();
        List<Path> files = transactions(original).stream()
                .sorted(java.util.Comparator.comparingLong(file -> file.toFile().length()))
                .toList();
        boolean found = false;
        for (int i = 1; i < files.size(); i++) {
            if (Files.size(files.get(i)) == Files.size(files.get(i - 1))) {
                found = true;
                Files.copy(files.get(i), files.get(i - 1), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                break;
            }
        }
        if (!found) {
            Path larger = files.getLast();
            byte[] own = Files.readAllBytes(larger);
            byte[] swapped = own.clone();
            // Two blocks of its own, in the other order.
            int second = firstBlockLength(own);
            System.arraycopy(own, second, swapped, 0, own.length - second);
            System.arraycopy(own, 0, swapped, own.length - second, second);
            Files.write(larger, swapped);
        }
        try (Spool spool = SpoolFixture.open(original, source.end(), source.end())) {
            assertThatThrownBy(() -> readAll(spool, START))
                    .isInstanceOf(MigrationException.class)
                    .hasMessageContaining("damaged");
        }
    }

    private static int firstBlockLength(byte[] file) {
        return Block.HEADER_BYTES + ByteBuffer.wrap(file).getInt(8);
    }

    private static void truncate(Path file, long length) throws IOException {
        try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
            opened.setLength(length);
        }
    }

    private static void turnABit(Path file, long at, int bit) throws IOException {
        try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
            opened.seek(at);
            int before = opened.read();
            opened.seek(at);
            opened.write(before ^ 1 << bit);
        }
    }
}
