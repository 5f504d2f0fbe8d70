package org.pgmigrator.core.spool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.pgmigrator.decoder.Lsn;

/// What the tests of the spool have in common.
final class SpoolFixture {

    static final Lsn START = Lsn.parse("1/1000");
    static final Lsn EVERYTHING = new Lsn(-1);
    static final SpoolIdentity IDENTITY = identity("app");
    static final SpoolLimits SMALL = new SpoolLimits(1 << 20, 400, Duration.ofMillis(1), 1);

    private SpoolFixture() {}

    static SpoolIdentity identity(String slot) {
        return new SpoolIdentity(new UUID(1, slot.hashCode()), "7000000000000000001", 1, slot, START, false);
    }

    static Spool create(Path path) {
        return create(path, SMALL);
    }

    static Spool create(Path path, SpoolLimits limits) {
        return Spool.create(SpoolDirectory.lock(path), IDENTITY, START, limits);
    }

    static Spool open(Path path, Lsn keepUpto, Lsn required) {
        return Spool.open(SpoolDirectory.lock(path), IDENTITY, keepUpto, required, SMALL);
    }

    static void write(Spool spool, Source.Sent sent) {
        if (sent.messages().isEmpty()) {
            spool.idle(sent.end());
        }
        sent.messages().forEach(message -> spool.append(sent.end(), ByteBuffer.wrap(message)));
    }

    static void write(Spool spool, List<Source.Sent> sent) {
        sent.forEach(part -> {
            write(spool, part);
            spool.flush();
        });
    }

    static void awaitDurable(Spool spool, Lsn position) {
        org.awaitility.Awaitility.await().until(() -> spool.durable().isAtLeast(position));
    }

    /// Everything that a reader gets now.
    static List<Source.Sent> readAll(Spool spool, Lsn after) throws InterruptedException, IOException {
        List<Source.Sent> read = new ArrayList<>();
        try (SpoolReader reader = spool.reader(after)) {
            readInto(reader, read, Duration.ZERO);
        }
        return read;
    }

    /// Adds what comes without a pause longer than `patience`, also if it ends with a failure.
    static void readInto(SpoolReader reader, List<Source.Sent> read, Duration patience) throws InterruptedException {
        List<byte[]> messages = new ArrayList<>();
        Optional<Spooled> next = reader.next(patience);
        while (next.isPresent()) {
            switch (next.get()) {
                case Spooled.Idle idle -> {
                    assertThat(messages).isEmpty();
                    read.add(new Source.Sent(idle.position(), List.of()));
                }
                case Spooled.Frame frame -> {
                    byte[] message = frame.message().array();
                    messages.add(message);
                    if (message[0] == 'C') {
                        read.add(
                                new Source.Sent(new Lsn(ByteBuffer.wrap(message).getLong(10)), List.copyOf(messages)));
                        messages.clear();
                    } else if (message[0] == 'R' && messages.size() == 1) {
                        messages.clear();
                    }
                }
            }
            next = reader.next(patience);
        }
        assertThat(messages).as("a transaction comes whole").isEmpty();
    }

    static void assertSame(List<Source.Sent> actual, List<Source.Sent> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i).end()).isEqualTo(expected.get(i).end());
            assertThat(actual.get(i).messages())
                    .usingElementComparator(java.util.Arrays::compare)
                    .isEqualTo(expected.get(i).messages());
        }
    }

    static List<Path> segments(Path path) {
        return files(path).stream()
                .filter(file -> file.getFileName().toString().startsWith("segment-"))
                .toList();
    }

    /// The files of streamed transactions, also of those in progress.
    static List<Path> transactions(Path path) {
        return files(path).stream()
                .filter(file -> file.getFileName().toString().startsWith("transaction-"))
                .toList();
    }

    /// What all files take.
    static long sizeOf(Path path) {
        return java.util.stream.Stream.concat(segments(path).stream(), transactions(path).stream())
                .mapToLong(file -> file.toFile().length())
                .sum();
    }

    private static List<Path> files(Path path) {
        try (Stream<Path> files = Files.list(path)) {
            return files.sorted(Comparator.naturalOrder()).toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Removes a spool's files.
    static void empty(Path path) throws IOException {
        for (Path file : files(path)) {
            if (Files.isRegularFile(file)) {
                Files.delete(file);
            }
        }
    }

    /// A copy of the spool that can be damaged.
    static Path copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        empty(to);
        for (Path file : files(from)) {
            if (Files.isRegularFile(file) && !file.getFileName().toString().equals("lock")) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        return to;
    }
}
