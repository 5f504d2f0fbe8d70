package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.PgOutputMessage.Relation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes windows of net changes: what many transactions did to a table is put together, and written by a few
/// statements.
///
/// Tables do not depend on each other here, because no trigger fires that could see it (those whose trigger does are
/// barriers). Where the target refuses a table's net changes, or they hit another number of rows than they must, that
/// table's changes of this window are written by the [StrictWriter], which is also who names the culprit.
///
/// Taking is confined to one thread and writing to one, which may be another: what is written was taken away before.
final class WindowWriter implements ChangeWriter {

    private static final Logger log = LoggerFactory.getLogger(WindowWriter.class);

    /// A table that was refused this often is written in order from then on.
    private static final int MAX_FALLBACKS = 3;

    private static final String SAVEPOINT = "SAVEPOINT pgmigrator_window";

    private final Connection target;
    private final TargetTables tables;
    private final StrictWriter strict;
    private final NetWriter net;
    private final int foldFrom;
    private final Consumer<OrderedTable> ordered;
    private final IdentityHashMap<TargetTable, TableChanges> window = new IdentityHashMap<>();
    private final Map<QualifiedName, Integer> fallbacksByTable = new HashMap<>();
    private @Nullable TableChanges last;
    private final AtomicInteger fallbacks = new AtomicInteger();

    /// @param tables  on this or another connection
    /// @param ordered told of each table that is not folded any more
    WindowWriter(Connection target, TargetTables tables, int foldFrom, Consumer<OrderedTable> ordered) {
        this.target = target;
        this.tables = tables;
        this.ordered = ordered;
        this.strict = new StrictWriter(target, tables);
        this.net = new NetWriter(target, strict, foldFrom);
        this.foldFrom = foldFrom;
    }

    @Override
    public int fallbacks() {
        return fallbacks.get();
    }

    @Override
    public void write(Change change, Origin origin) throws SQLException {
        switch (change) {
            case Change.Insert insert -> write(insert.relation(), insert, origin);
            case Change.Update update -> write(update.relation(), update, origin);
            case Change.Delete delete -> write(delete.relation(), delete, origin);
            case Change.Truncate truncate -> barrier(truncate, origin);
            case Change.Message message -> {}
        }
    }

    private void write(Relation relation, Change change, Origin origin) throws SQLException {
        if (last != null && last.isOf(relation)) {
            last.add(change, origin);
            return;
        }
        if (!tables.isResolved(relation) && holds(relation)) {
            // Another version of a table that this window knows, whose changes were meant for that.
            flush();
        }
        TargetTable table = tables.resolve(relation);
        if (table.plan().order() == TablePlan.Order.BARRIER) {
            barrier(change, origin);
        } else {
            add(table, change, origin);
        }
    }

    /// Whether the window has changes of the table that a relation names.
    boolean holds(Relation relation) {
        QualifiedName name = new QualifiedName(relation.namespace(), relation.name());
        return window.keySet().stream()
                .anyMatch(table -> table.name().equals(name) || table.relation().oid() == relation.oid());
    }

    /// Takes a change of a table that is no barrier.
    void add(TargetTable table, Change change, Origin origin) {
        TableChanges known = window.computeIfAbsent(table, TableChanges::new);
        known.add(change, origin);
        last = known;
    }

    /// Gives away what was taken and not written.
    List<TableChanges> take() {
        List<TableChanges> taken = List.copyOf(window.values());
        window.clear();
        last = null;
        return taken;
    }

    /// Takes what another writer has given away: of tables that this one has no changes of, or of other rows of them.
    void adopt(List<TableChanges> taken) {
        for (TableChanges changes : taken) {
            TableChanges own = window.putIfAbsent(changes.table(), changes);
            if (own != null) {
                own.append(changes);
            }
        }
    }

    /// Does what can be done without the target of what was taken so far.
    void foldAhead() {
        for (TableChanges changes : window.values()) {
            if (changes.size() >= changes.table().foldFrom(foldFrom)) {
                changes.foldAhead();
            }
        }
    }

    /// Writes what was taken from this writer, while it may take more.
    void write(List<TableChanges> taken) throws SQLException {
        writeWindow(taken);
        strict.flush();
    }

    private void barrier(Change change, Origin origin) throws SQLException {
        writeWindow();
        strict.write(change, origin);
    }

    @Override
    public void flush() throws SQLException {
        writeWindow();
        strict.flush();
    }

    private void writeWindow() throws SQLException {
        writeWindow(take());
    }

    private void writeWindow(List<TableChanges> window) throws SQLException {
        if (window.isEmpty()) {
            return;
        }
        // The changes of a barrier that were not sent yet came before this window.
        strict.flush();
        Set<TableChanges> inOrder = Collections.newSetFromMap(new IdentityHashMap<>());
        for (TableChanges changes : window) {
            if (isWrittenInOrder(changes)) {
                inOrder.add(changes);
            }
        }
        if (inOrder.size() < window.size()) {
            execute(SAVEPOINT);
            writeNet(window, inOrder);
            execute("RELEASE " + SAVEPOINT);
        }
        for (TableChanges changes : inOrder) {
            for (int i = 0; i < changes.size(); i++) {
                strict.write(changes.changes().get(i), changes.origins().get(i));
            }
        }
        strict.flush();
    }

    private boolean isWrittenInOrder(TableChanges changes) {
        TargetTable table = changes.table();
        return table.plan().order() != TablePlan.Order.FOLD
                || changes.size() < table.foldFrom(foldFrom)
                || fallbacksByTable.getOrDefault(table.name(), 0) >= MAX_FALLBACKS;
    }

    /// Writes the net changes of all tables but those `inOrder`. A table that is refused joins these, and all is begun
    /// again from the savepoint.
    private void writeNet(List<TableChanges> window, Set<TableChanges> inOrder) throws SQLException {
        boolean refused;
        do {
            refused = false;
            for (TableChanges changes : window) {
                if (!inOrder.contains(changes) && !refused) {
                    try {
                        net.write(changes.table(), changes);
                    } catch (NetWriter.Refused refusal) {
                        refused = true;
                        execute("ROLLBACK TO " + SAVEPOINT);
                        net.forget();
                        inOrder.add(changes);
                        noteFallback(changes.table(), refusal);
                    }
                }
            }
        } while (refused);
    }

    private void noteFallback(TargetTable table, NetWriter.Refused refusal) {
        fallbacks.incrementAndGet();
        int times = fallbacksByTable.merge(table.name(), 1, Integer::sum);
        log.info(
                "window written in order table={} times={} of={} why={}",
                table.name(),
                times,
                MAX_FALLBACKS,
                refusal.getMessage());
        if (times == MAX_FALLBACKS) {
            ordered.accept(new OrderedTable(
                    table.name(), false, "its net changes were refused " + times + " times: " + refusal.getMessage()));
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        }
    }
}
