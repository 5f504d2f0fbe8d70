package org.pgmigrator.core.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.pgmigrator.core.spool.SpoolFixture.EVERYTHING;
import static org.pgmigrator.core.spool.SpoolFixture.IDENTITY;
import static org.pgmigrator.core.spool.SpoolFixture.START;
import static org.pgmigrator.core.spool.SpoolFixture.assertSame;
import static org.pgmigrator.core.spool.SpoolFixture.awaitDurable;
import static org.pgmigrator.core.spool.SpoolFixture.readAll;
import static org.pgmigrator.core.spool.SpoolFixture.readInto;
import static org.pgmigrator.core.spool.SpoolFixture.segments;
import static org.pgmigrator.core.spool.SpoolFixture.write;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.decoder.Lsn;

/// A crash at any byte, and damage at any byte: what comes out is what went in, or a refusal.
@Timeout(120)
class SpoolRecoveryTest {

    private static final int TRANSACTIONS = 14;

    private final Source source = new Source(2, START);

    @TempDir
    private Path folder;

    private Path original;

    @BeforeEach
    void writeThreeSegments() {
        original = folder.resolve("original");
        try (Spool spool = SpoolFixture.create(original)) {
            for (int i = 0; i < TRANSACTIONS; i++) {
                write(spool, i == 9 ? source.idle() : source.transaction());
                spool.flush();
            }
            awaitDurable(spool, source.end());
        }
        assertThat(segments(original)).hasSizeBetween(3, 6);
    }

    @Test
    void restartedAgainAndAgainItLosesAndDoublesNothing() throws Exception {
        Random random = new Random(3);
        Lsn confirmed = source.end();
        for (int run = 0; run < 20; run++) {
            try (Spool spool = SpoolFixture.open(original, confirmed, confirmed)) {
                assertThat(spool.written()).isEqualTo(confirmed);
                write(spool, source.after(spool.written()));
                for (int i = random.nextInt(5); i > 0; i--) {
                    write(spool, source.transaction());
                    spool.flush();
                }
                assertSame(readAll(spool, START), source.sent());
                // The source is told later than the disk is ready, or not at all.
                confirmed = source.sent()
                        .get(source.sent().size() - 1 - random.nextInt(3))
                        .end();
                awaitDurable(spool, confirmed);
            }
        }
    }

    @Test
    void cutAtAnyByteOfTheLastSegmentWithRowsTheTailIsAskedForAgain() throws Exception {
        Path last = lastWithRows();
        for (long length = 0; length <= Files.size(last); length++) {
            Path damaged = SpoolFixture.copy(original, folder.resolve("damaged"));
            // A crash has no later segment than the torn one.
            segments(damaged).stream()
                    .filter(file -> file.getFileName()
                                    .toString()
                                    .compareTo(last.getFileName().toString())
                            > 0)
                    .forEach(file -> file.toFile().delete());
            truncate(damaged.resolve(last.getFileName()), length);
            Lsn wholeSegmentsEnd = headerOf(last).from();
            try (Spool spool = SpoolFixture.open(damaged, EVERYTHING, wholeSegmentsEnd)) {
                Lsn end = spool.written();
                List<Source.Sent> rest = source.after(end);
                assertSame(
                        readAll(spool, START),
                        source.sent().subList(0, source.sent().size() - rest.size()));
                write(spool, rest);
                assertSame(readAll(spool, START), source.sent());
            }
        }
    }

    @Test
    void cutAtAnyByteBeforeWhatWasConfirmedItIsRefusedAndLeftAsItIs() throws Exception {
        Path last = lastWithRows();
        for (long length = 0; length < Files.size(last); length++) {
            Path damaged = SpoolFixture.copy(original, folder.resolve("damaged"));
            truncate(damaged.resolve(last.getFileName()), length);
            assertThatThrownBy(() -> SpoolFixture.open(damaged, source.end(), source.end()))
                    .isInstanceOfSatisfying(MigrationException.class, refused -> {
                        assertThat(refused.failure().kind()).isEqualTo(FailureKind.SPOOL_DAMAGED);
                        assertThat(refused.failure().what())
                                .contains(source.end().toString());
                        assertThat(refused.failure().why()).contains("segment-", "byte");
                        assertThat(String.join("", refused.failure().remedy())).contains("new copy");
                    });
            assertThat(Files.size(damaged.resolve(last.getFileName()))).isEqualTo(length);
        }
    }

    @Test
    void withABitTurnedAtAnyByteNothingElseComesOutThanWhatWentIn() throws Exception {
        Random random = new Random(4);
        int refused = 0;
        int stopped = 0;
        for (Path segment : segments(original)) {
            for (long at = 0; at < Files.size(segment); at++) {
                Path damaged = SpoolFixture.copy(original, folder.resolve("damaged"));
                turnABit(damaged.resolve(segment.getFileName()), at, random.nextInt(8));
                List<Source.Sent> read = new ArrayList<>();
                try (Spool spool = SpoolFixture.open(damaged, source.end(), source.end());
                        SpoolReader reader = spool.reader(START)) {
                    readInto(reader, read, Duration.ZERO);
                    assertThat(read)
                            .as("a bit turned at byte %d of %s, which was not noticed", at, segment)
                            .hasSameSizeAs(source.sent());
                } catch (MigrationException noticed) {
                    assertThat(noticed.failure().kind()).isEqualTo(FailureKind.SPOOL_DAMAGED);
                    if (read.isEmpty()) {
                        refused++;
                    } else {
                        stopped++;
                    }
                }
                assertSame(read, source.sent().subList(0, read.size()));
            }
        }
        assertThat(refused).isPositive();
        assertThat(stopped).isPositive();
    }

    @Test
    void withoutOneOfItsSegmentsItIsRefused() throws Exception {
        for (Path segment : segments(original)) {
            if (headerOf(segment).from().equals(source.end())) {
                continue;
            }
            Path damaged = SpoolFixture.copy(original, folder.resolve("damaged"));
            Files.delete(damaged.resolve(segment.getFileName()));
            assertThatThrownBy(() -> {
                        try (Spool spool = SpoolFixture.open(damaged, source.end(), source.end())) {
                            spool.reader(START).close();
                        }
                    })
                    .isInstanceOfSatisfying(
                            MigrationException.class,
                            refused -> assertThat(refused.failure().kind()).isEqualTo(FailureKind.SPOOL_DAMAGED));
        }
    }

    @Test
    void whatWasNotConfirmedIsCutOffBecauseASyncMayHaveFailedThere() throws Exception {
        for (Source.Sent part : source.sent()) {
            Path copy = SpoolFixture.copy(original, folder.resolve("damaged"));
            try (Spool spool = SpoolFixture.open(copy, part.end(), part.end())) {
                assertThat(spool.written()).isEqualTo(part.end());
                assertThat(spool.durable()).isEqualTo(part.end());
                write(spool, source.after(part.end()));
                assertSame(readAll(spool, START), source.sent());
            }
        }
    }

    @Test
    void aRemovedSegmentThatACrashBroughtBackIsRemovedAgain() throws Exception {
        Path damaged = SpoolFixture.copy(original, folder.resolve("damaged"));
        Files.delete(segments(damaged).get(1));
        Lsn from = headerOf(segments(damaged).get(1)).from();
        try (Spool spool = SpoolFixture.open(damaged, source.end(), source.end())) {
            assertThat(spool.from()).isEqualTo(from);
            assertSame(readAll(spool, from), source.after(from));
        }
        assertThat(segments(damaged).getFirst().getFileName().toString()).isEqualTo("segment-000000000003");
    }

    private Path lastWithRows() throws IOException {
        Path found = segments(original).getFirst();
        for (Path segment : segments(original)) {
            if (Files.size(segment) > headerOf(segment).length()) {
                found = segment;
            }
        }
        return found;
    }

    private static SegmentHeader headerOf(Path segment) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "r")) {
            SegmentHeader header = SegmentHeader.read(file).orElseThrow();
            assertThat(header.identity()).isEqualTo(IDENTITY);
            return header;
        }
    }

    private static void truncate(Path file, long length) throws IOException {
        try (RandomAccessFile segment = new RandomAccessFile(file.toFile(), "rw")) {
            segment.setLength(length);
        }
    }

    private static void turnABit(Path file, long at, int bit) throws IOException {
        try (RandomAccessFile segment = new RandomAccessFile(file.toFile(), "rw")) {
            segment.seek(at);
            int before = segment.read();
            segment.seek(at);
            segment.write(before ^ 1 << bit);
        }
    }
}
