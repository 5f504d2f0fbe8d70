package org.pgmigrator.core.postgres;

import java.io.EOFException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.postgresql.util.GT;
import org.postgresql.util.PSQLException;

/// Why no session could be opened, in words that name the cause.
final class ConnectFailure {

    /// One try at one host.
    record Attempt(Endpoint endpoint, Exception exception) {}

    /// The server is there, but not the primary (or the standby) that was asked for.
    static final class WrongRole extends Exception {
        private static final long serialVersionUID = 1;

        WrongRole(Route.Role wanted) {
            super(wanted == Route.Role.PRIMARY ? "it is in recovery, not a primary" : "it is a primary, not a standby");
        }
    }

    /// @param kind   what it means for the migration
    /// @param why    the cause, without the host's name
    /// @param remedy a more exact remedy than the kind's, or empty
    private record Diagnosis(FailureKind kind, String why, String remedy) {}

    /// The driver's state for what it refuses itself: no password to send, no TLS on the server.
    private static final String REJECTED_BY_DRIVER = "08004";

    private static final String NO_SSL = GT.tr("The server does not support SSL.");

    private static final String LOGIN_TIMED_OUT = GT.tr("Connection attempt timed out.");

    private ConnectFailure() {}

    /// Whether other hosts must not be tried: this one has answered and refuses, which libpq takes as the last word.
    static boolean endsTheSearch(Route route, SQLException exception) {
        return diagnose(route, exception).kind() != route.side().unreachable();
    }

    /// The failure of all attempts together: the first kind that more than time can heal, else unreachable.
    static MigrationException of(Route route, List<Attempt> attempts) {
        Map<String, Set<String>> reasons = new LinkedHashMap<>();
        Diagnosis decisive = null;
        Exception cause = null;
        for (Attempt attempt : attempts) {
            Diagnosis diagnosis = diagnose(route, attempt.exception());
            reasons.computeIfAbsent(attempt.endpoint().describe(), endpoint -> new LinkedHashSet<>())
                    .add(diagnosis.why());
            boolean heavier = decisive == null
                    || (decisive.kind() == route.side().unreachable() && diagnosis.kind() != decisive.kind());
            if (heavier) {
                decisive = diagnosis;
                cause = attempt.exception();
            }
        }
        if (decisive == null) {
            throw new IllegalStateException("no host was tried");
        }
        String why = reasons.size() == 1
                ? String.join("; ", reasons.values().iterator().next())
                : reasons.entrySet().stream()
                        .map(reason -> reason.getKey() + ": " + String.join("; ", reason.getValue()))
                        .collect(Collectors.joining(" | "));
        String what = "No session with the " + route.side().word() + " " + route.describe() + ".";
        Failure failure = Failure.of(decisive.kind(), what, why);
        return new MigrationException(
                decisive.remedy().isEmpty() ? failure : failure.withRemedy(decisive.remedy()), cause);
    }

    private static Diagnosis diagnose(Route route, Exception exception) {
        Side side = route.side();
        if (exception instanceof PSQLException fromDriver && fromDriver.getServerErrorMessage() != null) {
            return fromServer(side, fromDriver);
        }
        Diagnosis tls = isLoss(exception) ? null : tls(route, exception);
        if (tls != null) {
            return tls;
        }
        if (exception instanceof WrongRole) {
            return new Diagnosis(side.unreachable(), String.valueOf(exception.getMessage()), "");
        }
        if (exception instanceof SQLException sql && REJECTED_BY_DRIVER.equals(sql.getSQLState())) {
            return new Diagnosis(side.authentication(), String.valueOf(exception.getMessage()), "");
        }
        if (Thread.currentThread().isInterrupted()) {
            return new Diagnosis(side.failed(), "connecting was interrupted", "");
        }
        return new Diagnosis(side.unreachable(), network(route, exception), "");
    }

    private static Diagnosis fromServer(Side side, SQLException exception) {
        String state = String.valueOf(exception.getSQLState());
        String why = SqlState.serverWords(exception);
        return switch (state) {
            case SqlState.INVALID_CATALOG_NAME ->
                new Diagnosis(side.failed(), why, "Create the database, or correct dbname in the connection.");
            case SqlState.TOO_MANY_CONNECTIONS ->
                new Diagnosis(
                        side.failed(),
                        why,
                        "End sessions that are not needed, or raise max_connections (for a replication session"
                                + " max_wal_senders, for a role its CONNECTION LIMIT), then run the command again.");
            case SqlState.PROTOCOL_VIOLATION ->
                new Diagnosis(
                        side.failed(),
                        why,
                        "Connect to the server itself: a connection pooler does not pass session settings and"
                                + " replication on.");
            default -> new Diagnosis(SqlState.kindOf(side, state), why, "");
        };
    }

    private static @Nullable Diagnosis tls(Route route, Exception exception) {
        Side side = route.side();
        String message = String.valueOf(exception.getMessage());
        String mode = route.tls().mode();
        if (message.equals(NO_SSL)) {
            return new Diagnosis(
                    side.failed(),
                    "sslmode=" + mode + " asks for TLS, but the server has it switched off",
                    "Set ssl=on on the server, or, on a network that you trust, sslmode=prefer in the connection.");
        }
        for (Endpoint endpoint : route.endpoints()) {
            if (message.equals(GT.tr(
                    "The hostname {0} could not be verified by hostnameverifier {1}.",
                    endpoint.host(), "PgjdbcHostnameVerifier"))) {
                return new Diagnosis(
                        side.failed(),
                        "sslmode=verify-full: the server's certificate is not made out to " + endpoint.host(),
                        "Use the host name that the certificate bears (with hostaddr= if it does not resolve), or"
                                + " sslmode=verify-ca.");
            }
        }
        if (cause(exception, CertPathValidatorException.class, CertPathBuilderException.class) != null) {
            return new Diagnosis(
                    side.failed(),
                    "the server's certificate is not signed by an authority of "
                            + (route.tls().system()
                                    ? "the Java trust store"
                                    : String.valueOf(route.tls().root())),
                    "Name the certificate of the server's authority with sslrootcert=.");
        }
        Exception handshake = cause(exception, CertificateException.class, SSLException.class);
        if (handshake != null) {
            return new Diagnosis(
                    side.failed(),
                    "the TLS handshake failed: " + handshake.getMessage(),
                    "Compare sslmode, sslcert and sslkey with what the server's pg_hba.conf and ssl settings ask for.");
        }
        return null;
    }

    /// The way to the server was lost, perhaps in the middle of a TLS handshake.
    private static boolean isLoss(Exception exception) {
        return cause(exception, SilentPeerException.class, SocketException.class, EOFException.class) != null;
    }

    /// Whether nobody has answered, as far as the driver's own failure tells.
    static boolean isNetwork(SQLException exception) {
        return isLoss(exception)
                || cause(exception, SocketTimeoutException.class, UnknownHostException.class) != null
                || LOGIN_TIMED_OUT.equals(exception.getMessage())
                || (SqlState.isConnectionLoss(exception) && cause(exception, SSLException.class) == null);
    }

    private static String network(Route route, Exception exception) {
        Exception silent = cause(exception, SilentPeerException.class);
        if (silent != null) {
            return String.valueOf(silent.getMessage());
        }
        if (cause(exception, UnknownHostException.class) != null) {
            return "the host name cannot be resolved";
        }
        if (cause(exception, NoRouteToHostException.class) != null) {
            return "there is no route to the host";
        }
        if (cause(exception, SocketTimeoutException.class) != null || LOGIN_TIMED_OUT.equals(exception.getMessage())) {
            return "no answer within " + route.connectTimeoutSeconds() + " s (connect_timeout)";
        }
        if (cause(exception, ConnectException.class) != null) {
            return "connection refused: no server listens there";
        }
        Throwable innermost = exception;
        while (innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        return innermost.getMessage() == null ? innermost.getClass().getSimpleName() : innermost.getMessage();
    }

    @SafeVarargs
    private static @Nullable Exception cause(Throwable exception, Class<? extends Exception>... types) {
        for (Throwable candidate = exception; candidate != null; candidate = candidate.getCause()) {
            for (Class<? extends Exception> type : types) {
                if (type.isInstance(candidate)) {
                    return type.cast(candidate);
                }
            }
        }
        return null;
    }
}
