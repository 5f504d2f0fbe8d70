package org.pgmigrator.core.apply;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import org.pgmigrator.decoder.Tuple;
import org.postgresql.copy.CopyIn;

/// Rows in COPY's binary format: a value is what the source's send function made, and goes to the target's receive
/// function.
///
/// Format: https://www.postgresql.org/docs/current/sql-copy.html (File Formats, Binary Format)
final class CopyBinary extends CopyData {

    private static final byte[] SIGNATURE = "PGCOPY\n\377\r\n\0".getBytes(StandardCharsets.ISO_8859_1);

    CopyBinary(CopyIn copy) {
        super(copy);
    }

    @Override
    void begin() throws SQLException {
        bytes(SIGNATURE, 0, SIGNATURE.length);
        // No flags, and no extension of the header.
        int32(0);
        int32(0);
    }

    @Override
    void end() throws SQLException {
        int16(-1);
    }

    @Override
    void beginRow(int columns) throws SQLException {
        int16(columns);
    }

    @Override
    void endRow() {}

    @Override
    void value(int position, Tuple tuple, int column) throws SQLException {
        if (tuple.isNull(column)) {
            int32(-1);
            return;
        }
        if (!tuple.isBinary(column)) {
            throw new IllegalStateException("column " + column + " did not come in binary form");
        }
        // The length stands before the bytes in the stream as it does in the file.
        int from = tuple.offset(column);
        bytes(tuple.array(), from - Integer.BYTES, from + tuple.length(column));
    }
}
