package org.pgmigrator.core.apply;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import org.pgmigrator.decoder.Tuple;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/// Rows on their way into a `COPY ... FROM STDIN`, from the received bytes and in the form in which these came, without
/// a String in between.
///
/// Confined to the thread that sends.
abstract sealed class CopyData permits CopyText, CopyBinary {

    private static final int BUFFER_BYTES = 64 * 1024;

    private static final VarHandle INT16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private final CopyIn copy;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int length;

    CopyData(CopyIn copy) {
        this.copy = copy;
    }

    /// What is written into a COPY.
    @FunctionalInterface
    interface Rows {
        void writeTo(CopyData data) throws SQLException;
    }

    /// Runs a whole COPY.
    ///
    /// @param into the table and its columns in SQL
    /// @param binary in which form the values came
    /// @return the number of rows that the server took
    static long send(Connection target, String into, boolean binary, Rows rows) throws SQLException {
        String sql = "COPY " + into + " FROM STDIN" + (binary ? " (FORMAT binary)" : "");
        CopyIn copy = target.unwrap(PGConnection.class).getCopyAPI().copyIn(sql);
        try {
            CopyData data = binary ? new CopyBinary(copy) : new CopyText(copy);
            data.begin();
            rows.writeTo(data);
            data.end();
            data.flush();
            return copy.endCopy();
        } catch (SQLException refusal) {
            cancel(copy, refusal);
            throw refusal;
        }
    }

    private static void cancel(CopyIn copy, SQLException refusal) {
        if (copy.isActive()) {
            try {
                copy.cancelCopy();
            } catch (SQLException alreadyGone) {
                refusal.addSuppressed(alreadyGone);
            }
        }
    }

    /// Before the first row.
    abstract void begin() throws SQLException;

    /// After the last row.
    abstract void end() throws SQLException;

    abstract void beginRow(int columns) throws SQLException;

    /// One value or null.
    ///
    /// @param position of the column within the row
    abstract void value(int position, Tuple tuple, int column) throws SQLException;

    abstract void endRow() throws SQLException;

    /// A whole row in the order of its columns.
    void row(Tuple tuple) throws SQLException {
        int columns = tuple.columnCount();
        beginRow(columns);
        for (int column = 0; column < columns; column++) {
            value(column, tuple, column);
        }
        endRow();
    }

    /// Some columns of a net row: those of the key as the row is found by them, the others as they are now.
    void row(NetRow row, int[] columns, boolean[] isKey) throws SQLException {
        beginRow(columns.length);
        for (int i = 0; i < columns.length; i++) {
            int column = columns[i];
            value(i, isKey[column] ? row.key() : Objects.requireNonNull(row.source(column)), column);
        }
        endRow();
    }

    /// All columns of a row that came into being in the window.
    void row(NetRow row, int columns) throws SQLException {
        beginRow(columns);
        for (int column = 0; column < columns; column++) {
            value(column, Objects.requireNonNull(row.source(column)), column);
        }
        endRow();
    }

    final void bytes(byte[] array, int from, int end) throws SQLException {
        int start = from;
        while (start < end) {
            if (length == BUFFER_BYTES) {
                flush();
            }
            int count = Math.min(end - start, BUFFER_BYTES - length);
            System.arraycopy(array, start, buffer, length, count);
            length += count;
            start += count;
        }
    }

    final void raw(int value) throws SQLException {
        if (length == BUFFER_BYTES) {
            flush();
        }
        buffer[length++] = (byte) value;
    }

    final void int16(int value) throws SQLException {
        require(Short.BYTES);
        INT16.set(buffer, length, (short) value);
        length += Short.BYTES;
    }

    final void int32(int value) throws SQLException {
        require(Integer.BYTES);
        INT32.set(buffer, length, value);
        length += Integer.BYTES;
    }

    private void require(int bytes) throws SQLException {
        if (BUFFER_BYTES - length < bytes) {
            flush();
        }
    }

    private void flush() throws SQLException {
        if (length > 0) {
            copy.writeToCopy(buffer, 0, length);
            length = 0;
        }
    }
}
