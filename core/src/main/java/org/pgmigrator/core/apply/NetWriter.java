package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.stream.Change;

/// Writes the net changes of one table: deletes, then updates, then inserts.
///
/// Confined to the thread that writes, inside a savepoint of its caller.
final class NetWriter {

    /// Classes of SQLSTATE: feature not supported, cardinality, data, constraint, syntax or name.
    private static final Set<String> REFUSALS = Set.of("0A", "21", "22", "23", "42");

    private final Connection target;
    private final StrictWriter strict;
    private final Staging staging;
    private final int foldFrom;

    /// The target refused the net changes of a table, or they hit another number of rows than they must.
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String why) {
            super(why);
        }
    }

    /// @param foldFrom changes below which a staging table's own statements cost more than what it saves
    NetWriter(Connection target, StrictWriter strict, int foldFrom) {
        this.target = target;
        this.strict = strict;
        this.foldFrom = foldFrom;
        this.staging = new Staging(target);
    }

    /// Forgets what was made since the savepoint to which the caller has gone back.
    void forget() throws SQLException {
        strict.discard();
        staging.drop();
    }

    /// Writes all changes; those that cannot be folded one by one, between what comes before and after them.
    void write(TargetTable table, TableChanges window) throws SQLException, Refused {
        try {
            if (window.isInsertsOnly()) {
                copy(table, window.changes());
            } else {
                fold(table, window);
            }
        } catch (SQLException refusal) {
            if (isRefusal(String.valueOf(refusal.getSQLState()))) {
                throw new Refused(SqlState.serverWords(refusal));
            }
            throw refusal;
        }
    }

    /// Whether the server judged the rows or the statement; other errors (a disk that is full, a statement that was
    /// cancelled) would meet the changes one by one as well.
    private static boolean isRefusal(String sqlState) {
        return REFUSALS.contains(sqlState.substring(0, 2));
    }

    private void fold(TargetTable table, TableChanges window) throws SQLException, Refused {
        int from = 0;
        while (from < window.size()) {
            NetChanges net = window.folded(from);
            int single = net.end();
            if (single - from < table.foldFrom(foldFrom)) {
                single = from;
            } else {
                strict.flush();
                write(table, net);
            }
            int resume = Math.min(net.end() + 1, window.size());
            for (int i = single; i < resume; i++) {
                strict.write(window.changes().get(i), window.origins().get(i));
            }
            from = resume;
        }
        strict.flush();
    }

    private void write(TargetTable table, NetChanges net) throws SQLException, Refused {
        List<NetRow> deletes = net.deletes();
        List<NetRow> updates = net.updates();
        List<NetRow> inserts = net.inserts();
        if (!deletes.isEmpty()) {
            require(staging.delete(table, deletes), deletes.size(), "DELETE");
        }
        for (Map.Entry<BitSet, List<NetRow>> group : byColumns(table, updates).entrySet()) {
            List<NetRow> alike = group.getValue();
            require(staging.update(table, group.getKey(), alike), alike.size(), "UPDATE");
        }
        if (!inserts.isEmpty()) {
            copyNet(table, inserts);
        }
    }

    private static void require(long hit, int expected, String verb) throws Refused {
        if (hit != expected) {
            throw new Refused("the joined " + verb + " of " + expected + " rows found " + hit);
        }
    }

    /// Updates by the columns that they have a value for.
    private static Map<BitSet, List<NetRow>> byColumns(TargetTable table, List<NetRow> updates) {
        BitSet all = new BitSet();
        all.set(0, table.columns().size());
        Map<BitSet, List<NetRow>> groups = new HashMap<>();
        List<NetRow> whole = new ArrayList<>();
        for (NetRow row : updates) {
            if (!row.isPartial()) {
                whole.add(row);
                continue;
            }
            BitSet present = new BitSet();
            for (int column = 0; column < table.columns().size(); column++) {
                present.set(column, row.source(column) != null);
            }
            groups.computeIfAbsent(present, unused -> new ArrayList<>()).add(row);
        }
        if (!whole.isEmpty()) {
            groups.put(all, whole);
        }
        return groups;
    }

    private void copyNet(TargetTable table, List<NetRow> inserts) throws SQLException, Refused {
        int columns = table.columns().size();
        long rows = CopyData.send(target, DmlSql.copyInto(table), table.binary(), data -> {
            for (NetRow row : inserts) {
                data.row(row, columns);
            }
        });
        require(rows, inserts.size(), "COPY");
    }

    private void copy(TargetTable table, List<Change> inserts) throws SQLException, Refused {
        long rows = CopyData.send(target, DmlSql.copyInto(table), table.binary(), data -> {
            for (Change change : inserts) {
                data.row(((Change.Insert) change).after());
            }
        });
        require(rows, inserts.size(), "COPY");
    }
}
