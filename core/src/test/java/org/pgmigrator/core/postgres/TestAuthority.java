package org.pgmigrator.core.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/// A certificate authority made on the fly with the JDK's keytool, which writes PEM files.
final class TestAuthority {

    private static final String PASSWORD = "changeit";

    private final Path directory;
    private final String name;
    private final Path store;

    /// A PEM certificate and its unencrypted PKCS#8 key.
    record Pair(Path certificate, Path key) {}

    TestAuthority(Path directory, String name) {
        this.directory = directory;
        this.name = name;
        this.store = directory.resolve(name + ".p12");
        keytool(
                "-genkeypair",
                "-alias",
                "ca",
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + name,
                "-ext",
                "bc:c",
                "-validity",
                "30");
        write(directory.resolve(name + ".crt"), pem("CERTIFICATE", "ca", false));
    }

    /// The authority's own certificate.
    Path certificate() {
        return directory.resolve(name + ".crt");
    }

    /// A certificate for `commonName`.
    ///
    /// @param keyAlgorithm `RSA` or `EC`
    /// @param alternativeName such as `dns:localhost` or `ip:127.0.0.1`, or empty
    Pair issue(String commonName, String keyAlgorithm, String alternativeName) {
        String alias = commonName + keyAlgorithm;
        keytool(
                "-genkeypair",
                "-alias",
                alias,
                "-keyalg",
                keyAlgorithm,
                "-dname",
                "CN=" + commonName,
                "-validity",
                "30");
        Path request = directory.resolve(alias + ".csr");
        Path signed = directory.resolve(alias + ".signed");
        keytool("-certreq", "-alias", alias, "-file", request.toString());
        List<String> sign = new ArrayList<>(List.of(
                "-gencert",
                "-alias",
                "ca",
                "-rfc",
                "-validity",
                "30",
                "-infile",
                request.toString(),
                "-outfile",
                signed.toString()));
        if (!alternativeName.isEmpty()) {
            sign.addAll(List.of("-ext", "san=" + alternativeName));
        }
        keytool(sign.toArray(String[]::new));
        Path key = directory.resolve(alias + ".key");
        write(key, pem("PRIVATE KEY", alias, true));
        try {
            Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Pair(signed, key);
    }

    private String pem(String kind, String alias, boolean key) {
        try (InputStream content = Files.newInputStream(store)) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(content, PASSWORD.toCharArray());
            byte[] encoded = key
                    ? keys.getKey(alias, PASSWORD.toCharArray()).getEncoded()
                    : keys.getCertificate(alias).getEncoded();
            String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded);
            return "-----BEGIN " + kind + "-----\n" + base64 + "\n-----END " + kind + "-----\n";
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void write(Path file, String content) {
        try {
            Files.writeString(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void keytool(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(arguments));
        command.addAll(List.of("-keystore", store.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(command + ": " + output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
