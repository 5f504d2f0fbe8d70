package org.pgmigrator.core.postgres;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/// What an SQLSTATE means for a migration, by positive list: a state that is not listed is never worth a second try.
///
/// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
public final class SqlState {

    public static final String INVALID_PASSWORD = "28P01";
    public static final String INVALID_AUTHORIZATION = "28000";
    public static final String INVALID_CATALOG_NAME = "3D000";
    public static final String TOO_MANY_CONNECTIONS = "53300";
    public static final String ADMIN_SHUTDOWN = "57P01";
    public static final String CRASH_SHUTDOWN = "57P02";
    public static final String CANNOT_CONNECT_NOW = "57P03";
    public static final String IDLE_SESSION_TIMEOUT = "57P05";
    public static final String PROTOCOL_VIOLATION = "08P01";
    public static final String QUERY_CANCELED = "57014";
    public static final String LOCK_NOT_AVAILABLE = "55P03";
    public static final String INTERNAL_ERROR = "XX000";
    public static final String OBJECT_IN_USE = "55006";
    public static final String DUPLICATE_OBJECT = "42710";
    public static final String UNDEFINED_OBJECT = "42704";
    public static final String UNDEFINED_TABLE = "42P01";
    public static final String INSUFFICIENT_PRIVILEGE = "42501";
    public static final String DEADLOCK_DETECTED = "40P01";
    public static final String DISK_FULL = "53100";
    public static final String OUT_OF_MEMORY = "53200";
    public static final String READ_ONLY_SQL_TRANSACTION = "25006";
    public static final String DUPLICATE_SCHEMA = "42P06";
    public static final String OBJECT_NOT_IN_PREREQUISITE_STATE = "55000";

    /// Of a SQLSTATE 53100 that no room on a disk helps against: `/dev/shm` is too small for a parallel index build.
    public static final String SHARED_MEMORY = "shared memory segment";

    private SqlState() {}

    /// The kind of `state` on `side`: the session is gone, the user is refused, or anything else.
    public static FailureKind kindOf(Side side, @Nullable String state) {
        if (state == null) {
            return side.failed();
        }
        return switch (state) {
            case "08000", "08001", "08003", "08006", "08007", ADMIN_SHUTDOWN, CRASH_SHUTDOWN, CANNOT_CONNECT_NOW ->
                side.unreachable();
            case INVALID_AUTHORIZATION, INVALID_PASSWORD -> side.authentication();
            case DISK_FULL -> side.diskFull();
            default -> side.failed();
        };
    }

    /// Whether the session that threw this is lost, so that a new one may do better.
    public static boolean isConnectionLoss(SQLException exception) {
        return kindOf(Side.SOURCE, exception.getSQLState()) == Side.SOURCE.unreachable();
    }

    /// The failure of a statement: `what` failed, why in the server's words, never with the values of a row.
    ///
    /// @param what what was being done, one sentence with names, ending with a full stop
    public static MigrationException toException(Side side, String what, SQLException exception) {
        FailureKind kind = kindOf(side, exception.getSQLState());
        if (kind == side.diskFull() && serverWords(exception).contains(SHARED_MEMORY)) {
            kind = side.failed();
        }
        return new MigrationException(Failure.of(kind, what, serverWords(exception)), exception);
    }

    /// Message, hint and SQLSTATE as the server sent them, in one line; the detail is left out, since it may hold a
    /// row.
    public static String serverWords(SQLException exception) {
        List<String> words = new ArrayList<>();
        ServerErrorMessage message =
                exception instanceof PSQLException fromServer ? fromServer.getServerErrorMessage() : null;
        words.add(message == null || message.getMessage() == null ? text(exception) : message.getMessage());
        if (message != null && message.getHint() != null) {
            words.add("hint: " + message.getHint());
        }
        if (exception.getSQLState() != null) {
            words.add("SQLSTATE " + exception.getSQLState());
        }
        return String.join("; ", words);
    }

    private static String text(SQLException exception) {
        for (Throwable cause = exception; cause != null; cause = cause.getCause()) {
            if (cause instanceof SilentPeerException silent) {
                return String.valueOf(silent.getMessage());
            }
        }
        String message = exception.getMessage();
        return message == null ? exception.getClass().getSimpleName() : message;
    }
}
