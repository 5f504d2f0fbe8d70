package org.pgmigrator.core.uncarried;

import java.sql.Connection;
import java.sql.SQLException;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOperation;
import org.postgresql.copy.CopyOut;

/// The rows of one table on their way from COPY TO on the source into COPY FROM on the target. Confined to the thread
/// that runs it.
final class CopyStream {

    /// A message to the target for each row would cost more than the row.
    private static final int BUFFER_BYTES = 64 * 1024;

    private final CopyOut out;
    private final CopyIn in;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int length;
    private long bytes;

    private CopyStream(CopyOut out, CopyIn in) {
        this.out = out;
        this.in = in;
    }

    /// What has arrived.
    record Copied(long rows, long bytes) {}

    /// @throws SQLException       of the target
    /// @throws MigrationException of the source's kinds, or VERIFICATION_MISMATCH if the target took another number of
    ///                            rows
    static Copied run(Connection source, Connection target, UnloggedCopy copy, Watch watch)
            throws SQLException, InterruptedException {
        CopyOut out;
        try {
            out = source.unwrap(PGConnection.class).getCopyAPI().copyOut(copy.copyOutSql());
        } catch (SQLException refusal) {
            throw unreadable(copy, refusal);
        }
        CopyIn in;
        try {
            in = target.unwrap(PGConnection.class).getCopyAPI().copyIn(copy.copyInSql());
        } catch (SQLException refusal) {
            cancel(out, refusal);
            throw refusal;
        }
        CopyStream stream = new CopyStream(out, in);
        try {
            return stream.run(copy, watch);
        } catch (SQLException | RuntimeException | InterruptedException failed) {
            cancel(in, failed);
            cancel(out, failed);
            throw failed;
        }
    }

    private Copied run(UnloggedCopy copy, Watch watch) throws SQLException, InterruptedException {
        for (byte[] message = read(copy); message.length > 0; message = read(copy)) {
            if (length + message.length > BUFFER_BYTES) {
                flush();
                watch.requireWanted();
            }
            if (message.length > BUFFER_BYTES) {
                in.writeToCopy(message, 0, message.length);
                bytes += message.length;
            } else {
                System.arraycopy(message, 0, buffer, length, message.length);
                length += message.length;
            }
        }
        flush();
        long written = in.endCopy();
        long sent = out.getHandledRowCount();
        if (written != sent) {
            throw new MigrationException(Failure.of(
                    FailureKind.VERIFICATION_MISMATCH,
                    "The target has not taken all rows of unlogged table " + copy.table() + ".",
                    "the source sent " + sent + " rows, the target took " + written));
        }
        return new Copied(written, bytes);
    }

    /// The next message, of no length after the last one: every row ends with something.
    private byte[] read(UnloggedCopy copy) {
        try {
            byte[] message = out.readFromCopy();
            return message == null ? new byte[0] : message;
        } catch (SQLException refusal) {
            throw unreadable(copy, refusal);
        }
    }

    private void flush() throws SQLException {
        if (length > 0) {
            in.writeToCopy(buffer, 0, length);
            bytes += length;
            length = 0;
        }
    }

    private static MigrationException unreadable(UnloggedCopy copy, SQLException refusal) {
        return SqlState.toException(Side.SOURCE, "Unlogged table " + copy.table() + " could not be read.", refusal);
    }

    private static void cancel(CopyOperation copy, Exception reason) {
        if (copy.isActive()) {
            try {
                copy.cancelCopy();
            } catch (SQLException alreadyGone) {
                reason.addSuppressed(alreadyGone);
            }
        }
    }
}
