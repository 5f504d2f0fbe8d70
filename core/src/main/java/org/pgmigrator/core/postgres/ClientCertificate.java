package org.pgmigrator.core.postgres;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The certificate that is presented to the server, with its key.
///
/// The key must be in a form that both libpq and the JDBC driver read: PKCS#8, unencrypted, PEM or DER.
///
/// @param certificate  PEM file of the certificate (and its chain)
/// @param key          file of the private key
/// @param keyAlgorithm the key's algorithm as Java names it
record ClientCertificate(Path certificate, Path key, String keyAlgorithm) {

    private static final String PEM_BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String PEM_END = "-----END PRIVATE KEY-----";
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS");

    /// A reason why the key is of no use, with what to do.
    private static final class UnusableKey extends Exception {
        private static final long serialVersionUID = 1;

        UnusableKey(String message) {
            super(message);
        }
    }

    /// The certificate that is given, or the one in `~/.postgresql` if there is one. A problem with the latter is a
    /// warning: whoever does not name it may well not need it.
    static @Nullable ClientCertificate of(
            Parameters parameters, ConnectionDefaults defaults, boolean system, List<String> warnings) {
        String use = parameters.choice(LibpqParameter.SSLCERTMODE, "allow", "disable", "require");
        if (use.equals("require")) {
            throw Refusal.of(parameters.side(), "sslcertmode=require cannot be enforced here; allow is the default.");
        }
        Path directory = defaults.home().resolve(".postgresql");
        Path certificate = defaults.path(LibpqParameter.SSLCERT, directory.resolve("postgresql.crt"));
        boolean named = parameters.get(LibpqParameter.SSLCERT) != null;
        if (use.equals("disable") || !Files.exists(certificate)) {
            if (named && !use.equals("disable")) {
                warnings.add("sslcert of the " + parameters.side().word() + ": " + certificate
                        + " does not exist, so no certificate is presented.");
            }
            return null;
        }
        if (parameters.getOrDefault(LibpqParameter.SSLKEY, "").contains(":")) {
            throw Refusal.of(parameters.side(), "sslkey names a key in an OpenSSL engine, which cannot be used here.");
        }
        Path key = defaults.path(LibpqParameter.SSLKEY, directory.resolve("postgresql.key"));
        try {
            if (system) {
                throw new UnusableKey("a client certificate cannot be used together with sslrootcert=system");
            }
            return new ClientCertificate(certificate, key, algorithmOf(key));
        } catch (UnusableKey reason) {
            if (named || parameters.get(LibpqParameter.SSLKEY) != null) {
                throw Refusal.of(parameters.side(), "sslkey: " + reason.getMessage() + ".");
            }
            warnings.add("No certificate is presented to the "
                    + parameters.side().word() + ": " + reason.getMessage() + ".");
            return null;
        }
    }

    private static String algorithmOf(Path key) throws UnusableKey {
        byte[] content;
        try {
            if (!Files.exists(key)) {
                throw new UnusableKey("there is a certificate, but its key " + key + " does not exist");
            }
            checkPermissions(key);
            content = Files.readAllBytes(key);
        } catch (IOException unreadable) {
            throw new UnusableKey("the key " + key + " cannot be read");
        }
        byte[] encoded = content;
        String text = new String(content, StandardCharsets.US_ASCII);
        int begin = text.indexOf(PEM_BEGIN);
        if (begin >= 0) {
            int end = text.indexOf(PEM_END);
            String base64 = text.substring(begin + PEM_BEGIN.length(), Math.max(end, begin + PEM_BEGIN.length()));
            encoded = Base64.getMimeDecoder().decode(base64);
        } else if (text.contains("-----BEGIN ")) {
            throw new UnusableKey("the key " + key + " is not in the form PKCS#8 without encryption; convert it with:"
                    + " openssl pkcs8 -topk8 -nocrypt -in " + key + " -out NEWFILE");
        }
        for (String algorithm : ALGORITHMS) {
            if (isKeyOf(algorithm, encoded)) {
                return algorithm;
            }
        }
        throw new UnusableKey("the key " + key + " is not a PKCS#8 key of a known algorithm");
    }

    private static boolean isKeyOf(String algorithm, byte[] encoded) {
        try {
            KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
            return true;
        } catch (GeneralSecurityException anotherAlgorithm) {
            return false;
        }
    }

    /// libpq's rule: nobody but the owner, or root's own file readable by a group.
    private static void checkPermissions(Path key) throws IOException, UnusableKey {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(key);
        boolean rootsOwn = Files.getOwner(key).getName().equals("root");
        Set<PosixFilePermission> allowed = PosixFilePermissions.fromString(rootsOwn ? "rwxr-----" : "rwx------");
        if (!allowed.containsAll(permissions)) {
            throw new UnusableKey("the key " + key + " can be read by others; its mode must be 0600 or less");
        }
    }
}
