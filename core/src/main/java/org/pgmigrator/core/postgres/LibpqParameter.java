package org.pgmigrator.core.postgres;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Every connection parameter of libpq, and what becomes of it here.
///
/// Source: https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-PARAMKEYWORDS and, for the variables,
/// https://www.postgresql.org/docs/18/libpq-envars.html (`servicefile` is version 19's).
enum LibpqParameter {
    HOST(Use.TRANSLATED, "PGHOST"),
    HOSTADDR(Use.TRANSLATED, "PGHOSTADDR"),
    PORT(Use.TRANSLATED, "PGPORT"),
    DBNAME(Use.TRANSLATED, "PGDATABASE"),
    USER(Use.TRANSLATED, "PGUSER"),
    PASSWORD(Use.TRANSLATED, "PGPASSWORD"),
    PASSFILE(Use.TRANSLATED, "PGPASSFILE"),
    SERVICE(Use.TRANSLATED, "PGSERVICE"),
    SERVICEFILE(Use.TRANSLATED, "PGSERVICEFILE"),
    OPTIONS(Use.TRANSLATED, "PGOPTIONS"),
    CONNECT_TIMEOUT(Use.TRANSLATED_FOR_BOTH, "PGCONNECT_TIMEOUT"),
    REQUIRE_AUTH(Use.TRANSLATED_FOR_BOTH, "PGREQUIREAUTH"),
    CHANNEL_BINDING(Use.TRANSLATED_FOR_BOTH, "PGCHANNELBINDING"),
    KEEPALIVES(Use.TRANSLATED_FOR_BOTH, null),
    KEEPALIVES_IDLE(Use.TRANSLATED_FOR_BOTH, null),
    KEEPALIVES_INTERVAL(Use.TRANSLATED_FOR_BOTH, null),
    KEEPALIVES_COUNT(Use.TRANSLATED_FOR_BOTH, null),
    TARGET_SESSION_ATTRS(Use.TRANSLATED_FOR_BOTH, "PGTARGETSESSIONATTRS"),
    LOAD_BALANCE_HOSTS(Use.TRANSLATED_FOR_BOTH, "PGLOADBALANCEHOSTS"),

    SSLMODE(Use.TRANSLATED, "PGSSLMODE"),
    SSLROOTCERT(Use.TRANSLATED, "PGSSLROOTCERT"),
    SSLCERT(Use.TRANSLATED, "PGSSLCERT"),
    SSLKEY(Use.TRANSLATED, "PGSSLKEY"),
    SSLCERTMODE(Use.TRANSLATED_FOR_BOTH, "PGSSLCERTMODE"),
    SSLNEGOTIATION(Use.TRANSLATED_FOR_BOTH, "PGSSLNEGOTIATION"),
    SSL_MIN_PROTOCOL_VERSION(Use.TRANSLATED_FOR_BOTH, "PGSSLMINPROTOCOLVERSION"),
    GSSENCMODE(Use.TRANSLATED_FOR_BOTH, "PGGSSENCMODE"),
    KRBSRVNAME(Use.TRANSLATED_FOR_BOTH, "PGKRBSRVNAME"),
    GSSLIB(Use.TRANSLATED_FOR_BOTH, "PGGSSLIB"),

    CLIENT_ENCODING(Use.NO_EFFECT, "PGCLIENTENCODING", "every session works in UTF8"),
    APPLICATION_NAME(Use.NO_EFFECT, "PGAPPNAME", "sessions are named after what they do, as \"pg-migrator ...\""),
    FALLBACK_APPLICATION_NAME(Use.NO_EFFECT, null, "sessions are named after what they do, as \"pg-migrator ...\""),
    TCP_USER_TIMEOUT(
            Use.NO_EFFECT_BUT_FOR_CHILDREN,
            null,
            "Java has no such socket option; pg_dump and pg_restore alone heed it"),
    SSLCOMPRESSION(Use.NO_EFFECT, "PGSSLCOMPRESSION", "TLS compression no longer exists"),
    SSLSNI(Use.NO_EFFECT_BUT_FOR_CHILDREN, "PGSSLSNI", "Java sends the host name with TLS in any case"),
    SSLKEYLOGFILE(Use.NO_EFFECT, null, "session keys are not written to a file"),
    SSL_MAX_PROTOCOL_VERSION(
            Use.NO_EFFECT_BUT_FOR_CHILDREN,
            "PGSSLMAXPROTOCOLVERSION",
            "the newest TLS version that both ends know is taken; pg_dump and pg_restore alone heed it"),
    REQUIREPEER(Use.NO_EFFECT, "PGREQUIREPEER", "it is about Unix-domain sockets, which are not used"),
    GSSDELEGATION(
            Use.NO_EFFECT_BUT_FOR_CHILDREN,
            "PGGSSDELEGATION",
            "credentials are not delegated; pg_dump and pg_restore alone heed it"),
    MIN_PROTOCOL_VERSION(Use.NO_EFFECT, "PGMINPROTOCOLVERSION", "protocol version 3.0 is spoken"),
    MAX_PROTOCOL_VERSION(Use.NO_EFFECT, "PGMAXPROTOCOLVERSION", "protocol version 3.0 is spoken"),

    REPLICATION(Use.REFUSED, null, "pg-migrator opens the replication session itself"),
    SSLPASSWORD(Use.REFUSED, null, "an encrypted key cannot be used: store the key unencrypted, with mode 0600"),
    SSLCRL(
            Use.REFUSED,
            "PGSSLCRL",
            "a revocation list cannot be honoured here, and a revoked certificate would be accepted in silence"),
    SSLCRLDIR(
            Use.REFUSED,
            "PGSSLCRLDIR",
            "a revocation list cannot be honoured here, and a revoked certificate would be accepted in silence"),
    SCRAM_CLIENT_KEY(Use.REFUSED, null, "SCRAM keys cannot be used in the place of a password here"),
    SCRAM_SERVER_KEY(Use.REFUSED, null, "SCRAM keys cannot be used in the place of a password here"),
    OAUTH_ISSUER(Use.REFUSED, null, "OAuth is not supported: use a role with a password or a certificate"),
    OAUTH_CLIENT_ID(Use.REFUSED, null, "OAuth is not supported: use a role with a password or a certificate"),
    OAUTH_CLIENT_SECRET(Use.REFUSED, null, "OAuth is not supported: use a role with a password or a certificate"),
    OAUTH_SCOPE(Use.REFUSED, null, "OAuth is not supported: use a role with a password or a certificate");

    /// What becomes of a parameter that is given.
    enum Use {
        /// It shapes the JDBC session and is rebuilt, not copied, for child processes.
        TRANSLATED,
        /// It shapes the JDBC session and is passed to child processes as it is.
        TRANSLATED_FOR_BOTH,
        /// It changes nothing, which is harmless; a warning says so.
        NO_EFFECT,
        /// It changes nothing in the JDBC session, which is harmless; child processes get it.
        NO_EFFECT_BUT_FOR_CHILDREN,
        /// To go on without it would be wrong or unsafe.
        REFUSED
    }

    private static final Map<String, LibpqParameter> BY_KEYWORD = new HashMap<>();

    static {
        for (LibpqParameter parameter : values()) {
            BY_KEYWORD.put(parameter.keyword(), parameter);
        }
    }

    private final Use use;
    private final @Nullable String variable;
    private final String reason;

    LibpqParameter(Use use, @Nullable String variable) {
        this(use, variable, "");
    }

    LibpqParameter(Use use, @Nullable String variable, String reason) {
        this.use = use;
        this.variable = variable;
        this.reason = reason;
    }

    /// The parameter with this keyword, in libpq's exact spelling.
    static @Nullable LibpqParameter of(String keyword) {
        return BY_KEYWORD.get(keyword);
    }

    String keyword() {
        return name().toLowerCase(Locale.ROOT);
    }

    Use use() {
        return use;
    }

    /// The environment variable that gives it where nothing else does.
    @Nullable
    String variable() {
        return variable;
    }

    /// Why it has no effect or is refused; empty for the others.
    String reason() {
        return reason;
    }

    boolean isSecret() {
        return switch (this) {
            case PASSWORD, SSLPASSWORD, OAUTH_CLIENT_SECRET, SCRAM_CLIENT_KEY, SCRAM_SERVER_KEY -> true;
            default -> false;
        };
    }
}
