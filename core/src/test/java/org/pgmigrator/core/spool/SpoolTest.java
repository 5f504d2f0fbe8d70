package org.pgmigrator.core.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;
import static org.pgmigrator.core.spool.SpoolFixture.EVERYTHING;
import static org.pgmigrator.core.spool.SpoolFixture.IDENTITY;
import static org.pgmigrator.core.spool.SpoolFixture.SMALL;
import static org.pgmigrator.core.spool.SpoolFixture.START;
import static org.pgmigrator.core.spool.SpoolFixture.assertSame;
import static org.pgmigrator.core.spool.SpoolFixture.awaitDurable;
import static org.pgmigrator.core.spool.SpoolFixture.readAll;
import static org.pgmigrator.core.spool.SpoolFixture.readInto;
import static org.pgmigrator.core.spool.SpoolFixture.segments;
import static org.pgmigrator.core.spool.SpoolFixture.write;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.decoder.Lsn;

@Timeout(60)
class SpoolTest {

    private static final SpoolLimits LARGE = SpoolLimits.of(1L << 30);

    private final Source source = new Source(1, START);

    @TempDir
    private Path path;

    @Test
    void whatGoesInComesOutInItsOrder() throws Exception {
        try (Spool spool = SpoolFixture.create(path)) {
            for (int i = 0; i < 100; i++) {
                write(spool, i % 7 == 0 ? source.idle() : source.transaction());
                spool.flush();
            }
            assertSame(readAll(spool, START), source.sent());
            assertThat(spool.written()).isEqualTo(source.end());
            awaitDurable(spool, source.end());
            assertThat(segments(path)).hasSizeGreaterThan(5);
            assertThat(spool.bytes())
                    .isEqualTo(segments(path).stream()
                            .mapToLong(file -> file.toFile().length())
                            .sum());
        }
    }

    @Test
    void aTransactionLargerThanABlockIsReadOnlyWhenItIsWhole() throws Exception {
        Source.Sent large = source.transaction(20_000, 60);
        Source.Sent oneLargeRow = source.transaction(1, 3 << 20);
        try (Spool spool = SpoolFixture.create(path, LARGE);
                SpoolReader reader = spool.reader(START)) {
            List<byte[]> messages = large.messages();
            messages.subList(0, messages.size() - 1)
                    .forEach(message -> spool.append(Lsn.INVALID, ByteBuffer.wrap(message)));
            spool.flush();
            assertThat(spool.bytes()).isGreaterThan(Block.MOST_RAW);
            assertThat(reader.next(Duration.ZERO)).isEmpty();
            assertThat(spool.written()).isEqualTo(START);

            spool.append(Lsn.INVALID, ByteBuffer.wrap(messages.getLast()));
            write(spool, oneLargeRow);
            spool.flush();
            List<Source.Sent> read = new ArrayList<>();
            readInto(reader, read, Duration.ZERO);
            assertSame(read, source.sent());
        }
    }

    @Test
    void whatIsHalfSentIsForgottenWhenTheConnectionIsGone() throws Exception {
        Source.Sent first = source.transaction(3, 20);
        Source.Sent large = source.transaction(20_000, 60);
        try (Spool spool = SpoolFixture.create(path, LARGE)) {
            write(spool, first);
            large.messages().subList(0, 15_000).forEach(message -> spool.append(Lsn.INVALID, ByteBuffer.wrap(message)));
            spool.discardIncomplete();
            assertThat(spool.written()).isEqualTo(first.end());
            assertThat(spool.isInsideTransaction()).isFalse();
            write(spool, large);
            spool.flush();
            assertSame(readAll(spool, START), source.sent());
            awaitDurable(spool, large.end());
        }
        try (Spool spool = SpoolFixture.open(path, EVERYTHING, source.end())) {
            assertSame(readAll(spool, START), source.sent());
        }
    }

    @Test
    void whatIsWholeIsWrittenWhenTheConnectionIsGoneSoThatItIsNotAskedForAgain() throws Exception {
        Source.Sent first = source.transaction(3, 20);
        Source.Sent second = source.transaction(3, 20);
        try (Spool spool = SpoolFixture.create(path, LARGE)) {
            write(spool, first);
            second.messages().subList(0, 2).forEach(message -> spool.append(Lsn.INVALID, ByteBuffer.wrap(message)));
            spool.discardIncomplete();
            assertThat(spool.written()).isEqualTo(first.end());
            write(spool, source.after(spool.written()));
            assertSame(readAll(spool, START), source.sent());
        }
    }

    @Test
    void whatIsSentAgainIsTakenOnceButItsRelationsAreKnown() throws Exception {
        Source.Sent first = source.transaction(3, 20);
        Source.Sent second = source.transaction(3, 20);
        List<byte[]> again = new ArrayList<>(first.messages());
        again.add(1, Source.relation(16384, "public.t"));
        try (Spool spool = SpoolFixture.create(path, LARGE)) {
            write(spool, first);
            write(spool, new Source.Sent(first.end(), again));
            write(spool, second);
            spool.flush();
            List<byte[]> expected = new ArrayList<>(first.messages());
            expected.add(Source.relation(16384, "public.t"));
            expected.addAll(second.messages());
            try (SpoolReader reader = spool.reader(START)) {
                for (byte[] message : expected) {
                    assertThat(message(reader)).isEqualTo(message);
                }
                assertThat(reader.next(Duration.ZERO)).isEmpty();
            }
        }
    }

    @Test
    void aReaderFollowsTheWriterThroughAllSegments() throws Exception {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Source.Sent> read = new ArrayList<>();
        try (Spool spool = SpoolFixture.create(path);
                SpoolReader reader = spool.reader(START)) {
            Thread follower = Thread.ofPlatform().start(() -> {
                try {
                    readInto(reader, read, Duration.ofSeconds(2));
                } catch (Throwable thrown) {
                    failure.set(thrown);
                }
            });
            java.util.Random random = new java.util.Random(5);
            for (int i = 0; i < 3_000; i++) {
                int kind = random.nextInt(100);
                write(
                        spool,
                        kind == 0 ? source.transaction(3_000, 150) : kind < 5 ? source.idle() : source.transaction());
                if (random.nextInt(3) == 0) {
                    spool.flush();
                }
                if (i % 100 == 0) {
                    Thread.sleep(1);
                }
            }
            spool.flush();
            follower.join();
            assertThat(failure.get()).isNull();
            assertSame(read, source.sent());
        }
    }

    @Test
    void readingBeginsBehindWhatTheTargetHasButRelationsAreKnown() throws Exception {
        byte[] relation = Source.relation(16384, "public.t");
        try (Spool spool = SpoolFixture.create(path, LARGE)) {
            Source.Sent first = source.transaction(2, 10);
            List<byte[]> withRelation = new ArrayList<>(first.messages());
            withRelation.add(1, relation);
            write(spool, new Source.Sent(first.end(), withRelation));
            Source.Sent second = source.transaction(2, 10);
            write(spool, second);
            spool.flush();
            try (SpoolReader reader = spool.reader(first.end())) {
                assertThat(message(reader)).isEqualTo(relation);
                for (byte[] message : second.messages()) {
                    assertThat(message(reader)).isEqualTo(message);
                }
                assertThat(reader.next(Duration.ZERO)).isEmpty();
            }
        }
    }

    private static byte[] message(SpoolReader reader) throws InterruptedException {
        Optional<Spooled> next = reader.next(Duration.ZERO);
        assertThat(next).isPresent();
        return ((Spooled.Frame) next.orElseThrow()).message().array();
    }

    @Test
    void everySegmentDescribesTheRelationsAgainAndIsReadableWithoutThoseBefore() throws Exception {
        byte[] relation = Source.relation(16384, "public.t");
        byte[] changed = Source.relation(16384, "public.t2");
        try (Spool spool = SpoolFixture.create(path)) {
            Source.Sent first = source.transaction(1, 10);
            List<byte[]> messages = new ArrayList<>(first.messages());
            messages.add(1, relation);
            messages.add(2, changed);
            write(spool, new Source.Sent(first.end(), messages));
            while (segments(path).size() < 4) {
                write(spool, source.transaction(2, 50));
                spool.flush();
            }
            awaitDurable(spool, source.end());
            Lsn applied = source.sent().get(source.sent().size() - 2).end();
            await().until(() -> {
                spool.release(applied);
                return segments(path).size() <= 2;
            });
            assertThat(spool.from()).isGreaterThan(START);
            try (SpoolReader reader = spool.reader(applied)) {
                assertThat(message(reader)).isEqualTo(changed);
                assertThat(message(reader)[0]).isEqualTo((byte) 'B');
            }
            assertThatThrownBy(() -> spool.reader(START))
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            refused -> assertThat(refused.failure().kind()).isEqualTo(FailureKind.SPOOL_DAMAGED));
        }
    }

    @Test
    void nothingIsDurableBeforeTheDiskSaysSo() throws Exception {
        FailingDisk disk = new FailingDisk();
        disk.syncs.release();
        try (Spool spool = Spool.create(SpoolDirectory.lock(path), IDENTITY, START, SMALL, disk)) {
            write(spool, source.transaction());
            spool.flush();
            Lsn before = spool.written();
            await().until(disk.syncs::hasQueuedThreads);
            write(spool, source.transaction());
            spool.flush();
            assertThat(spool.durable()).isEqualTo(START);
            disk.syncs.release();
            await().until(() -> !spool.durable().equals(START));
            assertThat(spool.durable()).as("written while the disk was syncing").isEqualTo(before);
            disk.syncs.release(1_000);
            awaitDurable(spool, source.end());
        }
    }

    @Test
    void afterASyncHasFailedNothingMoreIsClaimedOrTaken() throws Exception {
        FailingDisk disk = new FailingDisk();
        disk.syncs.release(1_000);
        try (Spool spool = Spool.create(SpoolDirectory.lock(path), IDENTITY, START, SMALL, disk)) {
            write(spool, source.transaction());
            spool.flush();
            Lsn durable = source.end();
            awaitDurable(spool, durable);
            disk.syncFails = true;
            write(spool, source.transaction());
            spool.flush();
            await().until(() -> spool.failure().isPresent());
            disk.syncFails = false;
            assertThatThrownBy(() -> write(spool, source.transaction()))
                    .isInstanceOfSatisfying(MigrationException.class, refused -> {
                        assertThat(refused.failure().kind()).isEqualTo(FailureKind.SPOOL_FAILED);
                        assertThat(refused.failure().why()).contains("Input/output error");
                    });
            assertThatThrownBy(() -> spool.awaitRoom(Duration.ZERO)).isInstanceOf(MigrationException.class);
            Thread.sleep(20);
            assertThat(spool.durable()).isEqualTo(durable);
        }
    }

    @Test
    void aWriteThatFailsHalfwayIsCutOffLater() throws Exception {
        FailingDisk disk = new FailingDisk();
        disk.syncs.release(1_000);
        Lsn durable;
        try (Spool spool = Spool.create(SpoolDirectory.lock(path), IDENTITY, START, SMALL, disk)) {
            write(spool, source.transaction(1, 20));
            spool.flush();
            durable = source.end();
            awaitDurable(spool, durable);
            disk.writeFails = true;
            write(spool, source.transaction(1, 20));
            assertThatThrownBy(spool::flush)
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            refused -> assertThat(refused.failure().why()).contains("No space left on device"));
            assertThat(spool.written()).isEqualTo(durable);
        }
        try (Spool spool = SpoolFixture.open(path, EVERYTHING, durable)) {
            assertThat(spool.written()).isEqualTo(durable);
            write(spool, source.after(durable));
            assertSame(readAll(spool, START), source.sent());
        }
    }

    /// A real disk that is really full, where this user may mount one.
    @Test
    void aFullDiskEndsTheSpoolAndWhatWasDurableIsThereWhenItHasRoomAgain() throws Exception {
        Path disk = Files.createDirectory(path.resolve("disk"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.toString()))
                .isZero();
        try {
            Lsn durable = fill(disk.resolve("spool"));
            assertThat(durable).isGreaterThan(START);
            assertThat(run("mount", "-o", "remount,size=4m", disk.toString())).isZero();
            try (Spool spool = SpoolFixture.open(disk.resolve("spool"), durable, durable)) {
                assertThat(spool.written()).isEqualTo(durable);
                write(spool, source.after(durable));
                assertSame(readAll(spool, START), source.sent());
                awaitDurable(spool, source.end());
            }
        } finally {
            assertThat(run("umount", disk.toString())).isZero();
        }
    }

    @Test
    void aDiskThatIsNearlyFullCountsAsFullUntilSegmentsAreRemoved() throws Exception {
        Path disk = Files.createDirectory(path.resolve("disk"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.toString()))
                .isZero();
        try (Spool spool = SpoolFixture.create(
                disk.resolve("spool"), new SpoolLimits(1 << 30, 1 << 14, Duration.ofMillis(1), 1))) {
            while (spool.awaitRoom(Duration.ZERO)) {
                write(spool, source.transaction(5, 400));
                spool.flush();
            }
            assertThat(spool.isFull()).isTrue();
            assertThat(spool.failure()).isEmpty();
            awaitDurable(spool, source.end());
            await().until(() -> {
                spool.release(source.end());
                return spool.awaitRoom(Duration.ZERO);
            });
            assertThat(spool.isFull()).isFalse();
        } finally {
            assertThat(run("umount", disk.toString())).isZero();
        }
    }

    private Lsn fill(Path directory) throws InterruptedException {
        try (Spool spool = SpoolFixture.create(directory, new SpoolLimits(1 << 30, 1 << 14, Duration.ofMillis(1), 1))) {
            for (int i = 0; i < 10_000; i++) {
                try {
                    write(spool, source.transaction(5, 400));
                    spool.flush();
                    if (i == 10) {
                        awaitDurable(spool, source.end());
                    }
                } catch (MigrationException full) {
                    assertThat(full.failure().kind()).isEqualTo(FailureKind.SPOOL_FULL);
                    assertThat(full.failure().why()).contains("No space left on device");
                    return spool.durable();
                }
            }
            throw new AssertionError("the disk was never full");
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor();
    }

    @Test
    void beyondTheLimitTheNextTransactionWaitsUntilSegmentsAreRemoved() throws Exception {
        SpoolLimits limits = new SpoolLimits(8_000, 1_000, Duration.ofMillis(1), 1);
        try (Spool spool = SpoolFixture.create(path, limits)) {
            while (spool.awaitRoom(Duration.ofMillis(20))) {
                Source.Sent next = source.transaction(5, 100);
                spool.append(Lsn.INVALID, ByteBuffer.wrap(next.messages().getFirst()));
                assertThat(spool.awaitRoom(Duration.ZERO))
                        .as("a transaction that has begun is let in")
                        .isTrue();
                next.messages().stream()
                        .skip(1)
                        .forEach(message -> spool.append(Lsn.INVALID, ByteBuffer.wrap(message)));
                spool.flush();
            }
            assertThat(spool.bytes()).isBetween(8_000L, 10_000L);
            Lsn applied = source.sent().get(source.sent().size() / 2).end();
            awaitDurable(spool, source.end());
            Thread.ofPlatform().start(() -> {
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                while (spool.bytes() >= 8_000 && System.nanoTime() < deadline) {
                    spool.release(applied);
                }
            });
            assertThat(spool.awaitRoom(Duration.ofSeconds(20))).isTrue();
            assertSame(readAll(spool, applied), source.after(applied));
        }
    }

    @Test
    void aTransactionLargerThanTheLimitPassesAndItsRoomComesBack() throws Exception {
        SpoolLimits limits = new SpoolLimits(80_000, 10_000, Duration.ofMillis(1), 1);
        try (Spool spool = SpoolFixture.create(path, limits)) {
            write(spool, source.transaction(10_000, 200));
            assertThat(spool.bytes()).isGreaterThan(limits.totalBytes());
            assertThat(spool.awaitRoom(Duration.ZERO)).isFalse();
            awaitDurable(spool, source.end());
            await().until(() -> {
                spool.release(source.end());
                return spool.awaitRoom(Duration.ZERO);
            });
            assertThat(spool.bytes()).isLessThan(limits.segmentBytes());
        }
    }

    @Test
    void anInterruptEndsTheWaitForRoom() throws Exception {
        try (Spool spool = SpoolFixture.create(path, new SpoolLimits(80, 10, Duration.ofMillis(1), 1))) {
            write(spool, source.transaction(5, 100));
            spool.flush();
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread waiting = Thread.ofPlatform().start(() -> {
                try {
                    spool.awaitRoom(Duration.ofHours(1));
                } catch (Throwable interrupted) {
                    thrown.set(interrupted);
                }
            });
            waiting.interrupt();
            waiting.join();
            assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
        }
    }

    @Test
    void itsFilesAreNobodyElses() throws Exception {
        Path directory = path.resolve("new");
        try (Spool spool = SpoolFixture.create(directory)) {
            write(spool, source.transaction());
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(segments(directory).getFirst())))
                .isEqualTo("rw-------");
    }

    @Test
    void aNewSpoolIsNotBegunWhereSomethingIs() throws Exception {
        Files.writeString(path.resolve("letter.txt"), "dear");
        assertForeign(() -> SpoolFixture.create(path), "letter.txt");
        Path used = path.resolve("used");
        SpoolFixture.create(used).close();
        assertForeign(() -> SpoolFixture.create(used), "spool " + IDENTITY.id());
    }

    @Test
    void theSpoolOfAnotherSlotIsRefused() {
        SpoolFixture.create(path).close();
        assertForeign(
                () -> Spool.open(SpoolDirectory.lock(path), SpoolFixture.identity("other"), EVERYTHING, START, SMALL),
                "slot \"app\"");
    }

    private static void assertForeign(org.assertj.core.api.ThrowableAssert.ThrowingCallable opening, String text) {
        assertThatThrownBy(opening).isInstanceOfSatisfying(MigrationException.class, refused -> {
            assertThat(refused.failure().kind()).isEqualTo(FailureKind.SPOOL_FOREIGN);
            assertThat(refused.failure().why()).contains(text);
        });
    }

    @Test
    void onlyItsOwnFilesAreRemoved() throws Exception {
        SpoolFixture.create(path).close();
        Files.writeString(path.resolve("letter.txt"), "dear");
        try (SpoolDirectory directory = SpoolDirectory.lock(path)) {
            assertThat(directory.remove(SpoolFixture.identity("other").id())).isFalse();
            assertThat(segments(path)).isNotEmpty();
            assertThat(directory.remove(IDENTITY.id())).isTrue();
        }
        assertThat(segments(path)).isEmpty();
        assertThat(path.resolve("letter.txt")).exists();
    }

    @Test
    void aSecondProcessIsKeptAway() throws Exception {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockHolder.class.getName(),
                        path.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertThat(other.inputReader().readLine()).isEqualTo("locked");
            assertThatThrownBy(() -> SpoolFixture.create(path))
                    .isInstanceOfSatisfying(MigrationException.class, refused -> {
                        assertThat(refused.failure().kind()).isEqualTo(FailureKind.SPOOL_IN_USE);
                        assertThat(refused.failure().why()).contains(Long.toString(other.pid()));
                    });
        } finally {
            other.destroyForcibly().waitFor();
        }
        SpoolFixture.create(path).close();
    }

    /// A process that has the directory until it is killed.
    static final class LockHolder {
        public static void main(String[] arguments) throws Exception {
            try (SpoolDirectory directory = SpoolDirectory.lock(Path.of(arguments[0]))) {
                System.out.println("locked");
                Thread.sleep(Duration.ofMinutes(5));
                System.out.println(directory.path());
            }
        }
    }
}
