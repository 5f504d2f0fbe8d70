package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.stream.Change;
import org.postgresql.util.PSQLException;

/// Consecutive inserts into one table: written by COPY, which is the same thing in the same order, only faster.
///
/// Confined to the thread that writes.
final class InsertRun {

    private static final int MAX_ROWS = 5_000;
    private static final long MAX_BYTES = 1 << 20;

    /// `COPY t, line 17` or `..., line 17, column c`: the server's context, whatever its language.
    private static final Pattern LINE = Pattern.compile("COPY .*?, \\p{L}+ (\\d+)");

    private final Connection target;
    private final List<Change.Insert> inserts = new ArrayList<>();
    private final List<Origin> origins = new ArrayList<>();
    private @Nullable TargetTable table;
    private long bytes;

    InsertRun(Connection target) {
        this.target = target;
    }

    /// The table of the run, which must not be empty.
    TargetTable table() {
        return Objects.requireNonNull(table);
    }

    int size() {
        return inserts.size();
    }

    long bytes() {
        return bytes;
    }

    List<Change.Insert> inserts() {
        return inserts;
    }

    List<Origin> origins() {
        return origins;
    }

    /// Whether it has values that cannot be written into a statement's text.
    boolean needsCopy() {
        return !inserts.isEmpty() && table().columns().stream().anyMatch(column -> !table().isLiteral(column));
    }

    boolean isFull() {
        return inserts.size() >= MAX_ROWS || bytes >= MAX_BYTES;
    }

    /// Whether an insert into `other` would continue this run.
    boolean continues(TargetTable other) {
        return table == null || table.id() == other.id();
    }

    void add(TargetTable newTable, Change.Insert insert, Origin origin) {
        table = newTable;
        inserts.add(insert);
        origins.add(origin);
        bytes += insert.after().byteSize();
    }

    void clear() {
        inserts.clear();
        origins.clear();
        bytes = 0;
        table = null;
    }

    /// Writes all of them by one COPY.
    void copy() throws SQLException {
        TargetTable into = table();
        try {
            long rows = CopyData.send(target, DmlSql.copyInto(into), into.binary(), data -> {
                for (Change.Insert insert : inserts) {
                    data.row(insert.after());
                }
            });
            if (rows != inserts.size()) {
                throw new SQLException("COPY took " + rows + " rows of " + inserts.size());
            }
        } catch (SQLException refusal) {
            throw failure(into, refusal);
        }
        clear();
    }

    private RuntimeException failure(TargetTable into, SQLException refusal) {
        int line = line(refusal);
        if (line >= 1 && line <= inserts.size()) {
            RowChange change = RowChange.insert(into, inserts.get(line - 1));
            return TargetErrors.of(TargetErrors.describe(change), origins.get(line - 1), refusal);
        }
        return TargetErrors.of(inserts.size() + " INSERTs of " + into.name(), origins.getFirst(), refusal);
    }

    private static int line(SQLException refusal) {
        if (refusal instanceof PSQLException fromServer && fromServer.getServerErrorMessage() != null) {
            String where = fromServer.getServerErrorMessage().getWhere();
            Matcher matcher = LINE.matcher(where == null ? "" : where);
            if (matcher.find()) {
                return Integer.parseInt(matcher.group(1));
            }
        }
        return -1;
    }
}
