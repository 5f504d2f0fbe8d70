package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import org.pgmigrator.decoder.Tuple;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/// Writes rows in COPY's text format from the received bytes, without a String in between.
///
/// Format: https://www.postgresql.org/docs/current/sql-copy.html (File Formats, Text Format)
final class CopyText {

    private static final int BUFFER_BYTES = 64 * 1024;

    private final CopyIn copy;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int length;

    private CopyText(CopyIn copy) {
        this.copy = copy;
    }

    /// What is written into a COPY.
    @FunctionalInterface
    interface Rows {
        void writeTo(CopyText text) throws SQLException;
    }

    /// Runs a whole `COPY ... FROM STDIN`.
    ///
    /// @return the number of rows that the server took
    static long send(Connection target, String sql, Rows rows) throws SQLException {
        CopyIn copy = target.unwrap(PGConnection.class).getCopyAPI().copyIn(sql);
        try {
            CopyText text = new CopyText(copy);
            rows.writeTo(text);
            text.flush();
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

    /// A whole row in the order of its columns.
    void row(Tuple tuple) throws SQLException {
        for (int column = 0; column < tuple.columnCount(); column++) {
            if (column > 0) {
                raw('\t');
            }
            value(tuple, column);
        }
        raw('\n');
    }

    /// Some columns of a net row: those of the key as the row is found by them, the others as they are now.
    void row(NetRow row, int[] columns, boolean[] isKey) throws SQLException {
        for (int i = 0; i < columns.length; i++) {
            if (i > 0) {
                raw('\t');
            }
            int column = columns[i];
            value(isKey[column] ? row.key() : Objects.requireNonNull(row.source(column)), column);
        }
        raw('\n');
    }

    /// All columns of a row that came into being in the window.
    void row(NetRow row, int columns) throws SQLException {
        for (int column = 0; column < columns; column++) {
            if (column > 0) {
                raw('\t');
            }
            value(Objects.requireNonNull(row.source(column)), column);
        }
        raw('\n');
    }

    /// One value, escaped; a null as `\N`.
    void value(Tuple tuple, int column) throws SQLException {
        if (tuple.isNull(column)) {
            raw('\\');
            raw('N');
            return;
        }
        byte[] array = tuple.array();
        int from = tuple.offset(column);
        int end = from + tuple.length(column);
        for (int i = from; i < end; i++) {
            int symbol = escape(array[i]);
            if (symbol != 0) {
                bytes(array, from, i);
                raw('\\');
                raw(symbol);
                from = i + 1;
            }
        }
        bytes(array, from, end);
    }

    /// What follows the backslash in place of a byte that means something to COPY; 0 for all others.
    private static int escape(byte value) {
        return switch (value) {
            case '\\' -> '\\';
            case '\t' -> 't';
            case '\n' -> 'n';
            case '\r' -> 'r';
            default -> 0;
        };
    }

    private void bytes(byte[] array, int from, int end) throws SQLException {
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

    void raw(int value) throws SQLException {
        if (length == BUFFER_BYTES) {
            flush();
        }
        buffer[length++] = (byte) value;
    }

    private void flush() throws SQLException {
        if (length > 0) {
            copy.writeToCopy(buffer, 0, length);
            length = 0;
        }
    }
}
