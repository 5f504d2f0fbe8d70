package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOut;

/// One COPY that reads and one that writes: bytes pass as they are.
final class RowPipe {

    /// Rows go on together: a message for each would be as much work again.
    private static final int BUFFER_BYTES = 64 * 1024;

    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int filled;

    private RowPipe() {}

    /// Copies a part within the target's transaction, which stays open.
    ///
    /// @return the number of rows that the target has written
    /// @throws MigrationException `DUMP_FAILED` or `RESTORE_FAILED` with the table and the server's words, or a side's
    /// kinds
    static long copy(Connection source, Connection target, RowTable table, RowUnit unit) {
        CopyOut out;
        try {
            out = source.unwrap(PGConnection.class).getCopyAPI().copyOut(table.copyOut(unit));
        } catch (SQLException refusal) {
            throw refused(Side.SOURCE, unit, refusal);
        }
        CopyIn in;
        try {
            in = target.unwrap(PGConnection.class).getCopyAPI().copyIn(table.copyIn());
        } catch (SQLException refusal) {
            throw refused(Side.TARGET, unit, refusal);
        }
        return new RowPipe().run(out, in, unit);
    }

    private long run(CopyOut out, CopyIn in, RowUnit unit) {
        byte[] row = next(out, unit);
        try {
            while (row != null) {
                write(in, row);
                row = next(out, unit);
            }
            flush(in);
            return in.endCopy();
        } catch (SQLException refusal) {
            throw refused(Side.TARGET, unit, refusal);
        }
    }

    private static byte @Nullable [] next(CopyOut out, RowUnit unit) {
        try {
            return out.readFromCopy();
        } catch (SQLException refusal) {
            throw refused(Side.SOURCE, unit, refusal);
        }
    }

    private void write(CopyIn in, byte[] row) throws SQLException {
        if (filled + row.length > BUFFER_BYTES) {
            flush(in);
        }
        if (row.length > BUFFER_BYTES) {
            in.writeToCopy(row, 0, row.length);
        } else {
            System.arraycopy(row, 0, buffer, filled, row.length);
            filled += row.length;
        }
    }

    private void flush(CopyIn in) throws SQLException {
        if (filled > 0) {
            in.writeToCopy(buffer, 0, filled);
            filled = 0;
        }
    }

    private static MigrationException refused(Side side, RowUnit unit, SQLException refusal) {
        if (SqlState.kindOf(side, refusal.getSQLState()) == side.unreachable()) {
            return SqlState.toException(
                    side, "The session on the " + side.word() + " that copied " + unit + " was lost.", refusal);
        }
        if (side == Side.TARGET && SqlState.DISK_FULL.equals(refusal.getSQLState())) {
            return SqlState.toException(side, "There is no room on the target for the rows of " + unit + ".", refusal);
        }
        return new MigrationException(
                Failure.of(
                        side == Side.SOURCE ? FailureKind.DUMP_FAILED : FailureKind.RESTORE_FAILED,
                        "The rows of " + unit + " could not be "
                                + (side == Side.SOURCE ? "read on the source." : "written on the target."),
                        SqlState.serverWords(refusal)),
                refusal);
    }
}
