package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
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

    /// One value, escaped; a null as `\N`.
    void value(Tuple tuple, int column) throws SQLException {
        if (tuple.isNull(column)) {
            raw('\\');
            raw('N');
            return;
        }
        byte[] array = tuple.array();
        int end = tuple.offset(column) + tuple.length(column);
        for (int i = tuple.offset(column); i < end; i++) {
            switch (array[i]) {
                case '\\' -> escaped('\\');
                case '\t' -> escaped('t');
                case '\n' -> escaped('n');
                case '\r' -> escaped('r');
                default -> raw(array[i]);
            }
        }
    }

    void raw(int value) throws SQLException {
        if (length == BUFFER_BYTES) {
            flush();
        }
        buffer[length++] = (byte) value;
    }

    private void escaped(char symbol) throws SQLException {
        raw('\\');
        raw(symbol);
    }

    private void flush() throws SQLException {
        if (length > 0) {
            copy.writeToCopy(buffer, 0, length);
            length = 0;
        }
    }
}
