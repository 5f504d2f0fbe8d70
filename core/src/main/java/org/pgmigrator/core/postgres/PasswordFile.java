package org.pgmigrator.core.postgres;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.pgmigrator.core.config.Secret;

/// The lines `host:port:database:user:password` of a `.pgpass` file.
///
/// Source: https://www.postgresql.org/docs/current/libpq-pgpass.html
final class PasswordFile {

    private static final Set<PosixFilePermission> TOO_OPEN = EnumSet.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.GROUP_EXECUTE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.OTHERS_EXECUTE);

    /// @param fields host, port, database and user, with `*` for any
    private record Line(List<String> fields, String password) {}

    private final List<Line> lines;

    private PasswordFile(List<Line> lines) {
        this.lines = lines;
    }

    /// Reads the file. As in libpq a missing one is no error, and one that others may read is ignored with a warning.
    static PasswordFile read(Path file, List<String> warnings) {
        List<Line> lines = new ArrayList<>();
        try {
            if (!Files.exists(file)) {
                return new PasswordFile(lines);
            }
            if (!Files.isRegularFile(file)) {
                warnings.add("Password file " + file + " is not a plain file and is ignored.");
            } else if (Files.getPosixFilePermissions(file).stream().anyMatch(TOO_OPEN::contains)) {
                warnings.add("Password file " + file
                        + " can be read by group or others and is ignored: its mode must be 0600 or less.");
            } else {
                Files.readString(file, StandardCharsets.UTF_8)
                        .lines()
                        .forEach(line -> parse(line).ifPresent(lines::add));
            }
        } catch (IOException unreadable) {
            warnings.add("Password file " + file + " cannot be read and is ignored.");
        }
        return new PasswordFile(lines);
    }

    /// The password of the first line that fits.
    Optional<Secret> passwordFor(String host, int port, String database, String user) {
        List<String> wanted = List.of(host, String.valueOf(port), database, user);
        return lines.stream()
                .filter(line -> fits(line.fields(), wanted))
                .findFirst()
                .map(line -> new Secret(line.password()));
    }

    private static boolean fits(List<String> fields, List<String> wanted) {
        for (int i = 0; i < wanted.size(); i++) {
            String field = fields.get(i);
            if (!field.equals("*") && !unescape(field).equals(wanted.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static Optional<Line> parse(String line) {
        if (line.startsWith("#")) {
            return Optional.empty();
        }
        List<String> fields = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < line.length() && fields.size() < 4; i++) {
            if (line.charAt(i) == '\\') {
                i++;
            } else if (line.charAt(i) == ':') {
                fields.add(line.substring(start, i));
                start = i + 1;
            }
        }
        if (fields.size() < 4) {
            return Optional.empty();
        }
        return Optional.of(new Line(List.copyOf(fields), unescape(line.substring(start))));
    }

    private static String unescape(String text) {
        StringBuilder plain = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            if (character == '\\' && i + 1 < text.length()) {
                i++;
                character = text.charAt(i);
            }
            plain.append(character);
        }
        return plain.toString();
    }
}
