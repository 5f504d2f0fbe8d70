package org.pgmigrator.decoder;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// What real servers sent: `fixtures/<major>/<scenario>.hex`, a message a line and comments behind `#`, which tell the
/// server's version and the SQL that was run. Captured by `org.pgmigrator.sandbox.capture.CaptureFixtures`.
final class Fixtures {

    private Fixtures() {}

    /// One file.
    record Fixture(int major, String scenario) {

        /// The comments, without their `#`.
        List<String> comments() {
            return lines().stream()
                    .filter(line -> line.startsWith("#"))
                    .map(line -> line.substring(1).strip())
                    .toList();
        }

        List<byte[]> bytes() {
            return lines().stream()
                    .filter(line -> !line.startsWith("#"))
                    .map(HexFormat.of()::parseHex)
                    .toList();
        }

        /// The messages, each decoded in the framing that those before it lead to.
        List<PgOutputMessage> messages() {
            List<PgOutputMessage> messages = new ArrayList<>();
            Framing framing = Framing.TOP_LEVEL;
            for (byte[] bytes : bytes()) {
                PgOutputMessage message = PgOutputDecoder.decode(ByteBuffer.wrap(bytes), framing);
                messages.add(message);
                framing = framing.after(message);
            }
            return messages;
        }

        <T extends PgOutputMessage> List<T> messages(Class<T> type) {
            return messages().stream().filter(type::isInstance).map(type::cast).toList();
        }

        /// The only message of its type.
        <T extends PgOutputMessage> T only(Class<T> type) {
            List<T> messages = messages(type);
            if (messages.size() != 1) {
                throw new AssertionError(this + " has " + messages.size() + " messages " + type.getSimpleName());
            }
            return messages.getFirst();
        }

        private List<String> lines() {
            try {
                return Files.readAllLines(root().resolve(major + "/" + scenario + ".hex"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static List<Fixture> all() {
        try (Stream<Path> files = Files.walk(root())) {
            return files.filter(Files::isRegularFile).sorted().map(Fixtures::of).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The captures of one scenario on all majors that have it.
    static List<Fixture> of(String scenario) {
        return all().stream()
                .filter(fixture -> fixture.scenario().equals(scenario))
                .toList();
    }

    private static Fixture of(Path file) {
        String major = Objects.requireNonNull(file.getParent()).getFileName().toString();
        return new Fixture(
                Integer.parseInt(major), file.getFileName().toString().replace(".hex", ""));
    }

    private static Path root() {
        try {
            return Path.of(Objects.requireNonNull(Fixtures.class.getResource("fixtures"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
