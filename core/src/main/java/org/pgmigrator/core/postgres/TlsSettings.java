package org.pgmigrator.core.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;

/// How the session is encrypted, as libpq reads its ssl parameters and its default files in `~/.postgresql`.
///
/// @param mode          libpq's sslmode
/// @param system        the server's certificate is checked against the system's authorities (`sslrootcert=system`)
/// @param root          file of the authorities, or null if there is none
/// @param client        certificate and key to present, or null
/// @param negotiation   `postgres` or `direct`
///
/// Source: https://www.postgresql.org/docs/current/libpq-ssl.html
record TlsSettings(
        String mode,
        boolean system,
        @Nullable Path root,
        @Nullable ClientCertificate client,
        String negotiation) {

    private static final String SYSTEM = "system";

    static TlsSettings of(Parameters parameters, ConnectionDefaults defaults, List<String> warnings) {
        Side side = parameters.side();
        boolean system = SYSTEM.equals(parameters.get(LibpqParameter.SSLROOTCERT));
        String mode = parameters.get(LibpqParameter.SSLMODE) == null && system
                ? "verify-full"
                : parameters.choice(
                        LibpqParameter.SSLMODE, "prefer", "disable", "allow", "require", "verify-ca", "verify-full");
        if (system && !mode.equals("verify-full")) {
            throw Refusal.of(side, "sslrootcert=system allows no weaker sslmode than verify-full.");
        }
        String negotiation = parameters.choice(LibpqParameter.SSLNEGOTIATION, "postgres", "direct");
        if (negotiation.equals("direct")
                && List.of("disable", "allow", "prefer").contains(mode)) {
            throw Refusal.of(side, "sslnegotiation=direct needs sslmode=require or stronger.");
        }
        checkProtocol(parameters);
        boolean encrypted = !mode.equals("disable");
        return new TlsSettings(
                mode,
                system,
                system || !encrypted ? null : root(parameters, defaults, mode, warnings),
                encrypted ? ClientCertificate.of(parameters, defaults, system, warnings) : null,
                negotiation);
    }

    private static void checkProtocol(Parameters parameters) {
        String minimum =
                parameters.choice(LibpqParameter.SSL_MIN_PROTOCOL_VERSION, "TLSv1.2", "TLSv1", "TLSv1.1", "TLSv1.3");
        if (minimum.equals("TLSv1.3")) {
            throw Refusal.of(
                    parameters.side(),
                    "ssl_min_protocol_version=TLSv1.3 cannot be enforced by the JDBC driver.",
                    "Set ssl_min_protocol_version on the server, and leave it out of the connection.");
        }
    }

    private static @Nullable Path root(
            Parameters parameters, ConnectionDefaults defaults, String mode, List<String> warnings) {
        Path file = defaults.path(
                LibpqParameter.SSLROOTCERT,
                defaults.home().resolve(".postgresql").resolve("root.crt"));
        boolean needed = mode.startsWith("verify-");
        if (!Files.exists(file)) {
            if (needed) {
                throw Refusal.of(
                        parameters.side(),
                        "sslmode=" + mode + " needs the certificate of the authority, but " + file + " does not exist.",
                        "Name the file with sslrootcert=, or use sslrootcert=system for an authority that the system"
                                + " trusts.");
            }
            return null;
        }
        try (InputStream content = Files.newInputStream(file)) {
            if (CertificateFactory.getInstance("X.509")
                    .generateCertificates(content)
                    .isEmpty()) {
                throw new CertificateException("empty");
            }
        } catch (IOException | CertificateException unusable) {
            if (needed || parameters.get(LibpqParameter.SSLROOTCERT) != null) {
                throw Refusal.of(
                        parameters.side(), "sslrootcert: " + file + " cannot be read as a file of PEM certificates.");
            }
            return null;
        }
        Path revoked = defaults.home().resolve(".postgresql").resolve("root.crl");
        if (Files.exists(revoked)) {
            warnings.add("The revocation list " + revoked + " has no effect but on pg_dump and pg_restore.");
        }
        return file;
    }

    /// Sets the driver's properties; empty file names keep it from looking for files of its own.
    void applyTo(Properties properties) {
        // libpq: with a root certificate at hand, require checks it as verify-ca does.
        String driverMode = mode.equals("require") && root != null ? "verify-ca" : mode;
        PGProperty.SSL_MODE.set(properties, driverMode);
        PGProperty.SSL_NEGOTIATION.set(properties, negotiation);
        if (system) {
            PGProperty.SSL_FACTORY.set(properties, "org.postgresql.ssl.DefaultJavaSSLFactory");
        }
        PGProperty.SSL_ROOT_CERT.set(properties, root == null ? "" : root.toString());
        PGProperty.SSL_CERT.set(
                properties, client == null ? "" : client.certificate().toString());
        PGProperty.SSL_KEY.set(properties, client == null ? "" : client.key().toString());
        PGProperty.PEM_KEY_ALGORITHM.set(properties, client == null ? "RSA" : client.keyAlgorithm());
    }

    /// Adds libpq's parameters for a child process.
    void addTo(Conninfo conninfo) {
        conninfo.add("sslmode", mode);
        if (system) {
            conninfo.add("sslrootcert", SYSTEM);
        } else if (root != null) {
            conninfo.add("sslrootcert", root.toString());
        }
        if (client != null) {
            conninfo.add("sslcert", client.certificate().toString());
            conninfo.add("sslkey", client.key().toString());
        }
    }
}
