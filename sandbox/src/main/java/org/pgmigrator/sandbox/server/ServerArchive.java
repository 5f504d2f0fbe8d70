package org.pgmigrator.sandbox.server;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/// The packed server binaries of one major, a resource of this module whose name differs by platform.
///
/// @param resource the absolute name of the resource
record ServerArchive(int major, String resource) {

    private static final String ROOT = "org/pgmigrator/sandbox/servers/";

    static ServerArchive find(int major) {
        String folder = ROOT + major;
        URL url = ServerArchive.class.getResource("/" + folder);
        if (url == null) {
            throw new SandboxException("no embedded server of major " + major + " in this build: resource folder "
                    + folder + " is missing. Majors 14 to 18 are put there by the Maven build of the sandbox module.");
        }
        List<String> names = names(url, folder + "/");
        if (names.size() != 1) {
            throw new SandboxException("expected one .txz in resource folder " + folder + ", found " + names);
        }
        return new ServerArchive(major, "/" + folder + "/" + names.getFirst());
    }

    private static List<String> names(URL url, String prefix) {
        try {
            if (url.openConnection() instanceof JarURLConnection jar) {
                return jar.getJarFile().stream()
                        .map(entry -> entry.getName())
                        .filter(name -> name.startsWith(prefix) && name.endsWith(".txz"))
                        .map(name -> name.substring(prefix.length()))
                        .toList();
            }
            try (Stream<Path> files = Files.list(Path.of(java.net.URI.create(url.toString())))) {
                return files.map(file -> file.getFileName().toString())
                        .filter(name -> name.endsWith(".txz"))
                        .toList();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    InputStream open() {
        InputStream stream = ServerArchive.class.getResourceAsStream(resource);
        if (stream == null) {
            throw new SandboxException("resource " + resource + " cannot be read");
        }
        return new BufferedInputStream(stream, 1 << 16);
    }

    /// The first 12 hexadecimal digits of the archive's SHA-256: enough to tell builds apart in the cache.
    String digest() {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            try (DigestInputStream stream = new DigestInputStream(open(), sha256)) {
                stream.transferTo(java.io.OutputStream.nullOutputStream());
            }
            return HexFormat.of().formatHex(sha256.digest()).substring(0, 12);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
