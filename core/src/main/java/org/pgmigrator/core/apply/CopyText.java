package org.pgmigrator.core.apply;

import java.sql.SQLException;
import org.pgmigrator.decoder.Tuple;
import org.postgresql.copy.CopyIn;

/// Rows in COPY's text format.
///
/// Format: https://www.postgresql.org/docs/current/sql-copy.html (File Formats, Text Format)
final class CopyText extends CopyData {

    CopyText(CopyIn copy) {
        super(copy);
    }

    @Override
    void begin() {}

    @Override
    void end() {}

    @Override
    void beginRow(int columns) {}

    @Override
    void endRow() throws SQLException {
        raw('\n');
    }

    @Override
    void value(int position, Tuple tuple, int column) throws SQLException {
        if (position > 0) {
            raw('\t');
        }
        if (tuple.isNull(column)) {
            raw('\\');
            raw('N');
            return;
        }
        if (!tuple.isText(column)) {
            throw new IllegalStateException("column " + column + " did not come in text form");
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
}
