package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.stream.Change;
import org.pgmigrator.decoder.PgOutputMessage.Relation;

/// Writes changes in exactly the source's order: the reference that every faster way must agree with.
///
/// Nothing is reordered and nothing is merged; what is saved is round trips. Confined to the thread that writes, inside
/// the
/// target transaction of its caller.
final class StrictWriter implements ChangeWriter {

    /// Below this, a COPY's own round trips cost more than the statements.
    private static final int MIN_COPY_ROWS = 20;

    private final TargetTables tables;
    private final PreparedSql prepared;
    private final SqlBatch batch;
    private final InsertRun run;
    private final WideChange wide;

    StrictWriter(Connection target, TargetTables tables) {
        this.tables = tables;
        this.prepared = new PreparedSql(target);
        this.batch = new SqlBatch(target);
        this.run = new InsertRun(target);
        this.wide = new WideChange(target);
    }

    @Override
    public void write(Change change, Origin origin) throws SQLException {
        switch (change) {
            case Change.Insert insert -> insert(insert, origin);
            case Change.Update update -> row(RowChange.update(tables.resolve(update.relation()), update), origin);
            case Change.Delete delete -> row(RowChange.delete(tables.resolve(delete.relation()), delete), origin);
            case Change.Truncate truncate -> truncate(truncate, origin);
            case Change.Message message -> {}
        }
    }

    @Override
    public void flush() throws SQLException {
        endRun();
        batch.flush();
    }

    /// Forgets what was taken and not sent: the caller has gone back to before it.
    void discard() {
        run.clear();
        batch.clear();
    }

    @Override
    public int fallbacks() {
        return 0;
    }

    private void insert(Change.Insert insert, Origin origin) throws SQLException {
        TargetTable table = tables.resolve(insert.relation());
        if (table.columns().isEmpty() || table.plan().order() == TablePlan.Order.BARRIER) {
            // COPY knows no zero columns, and fires no rule.
            row(RowChange.insert(table, insert), origin);
            return;
        }
        if (!run.continues(table)) {
            endRun();
        }
        run.add(table, insert, origin);
        if (run.isFull()) {
            endRun();
        }
    }

    private void endRun() throws SQLException {
        if (run.size() >= MIN_COPY_ROWS || run.bytes() >= WideChange.MIN_BYTES || run.needsCopy()) {
            batch.flush();
            run.copy();
            return;
        }
        for (int i = 0; i < run.size(); i++) {
            RowChange change = RowChange.insert(run.table(), run.inserts().get(i));
            batch.add(prepared.execute(change, batch), change, run.origins().get(i));
        }
        run.clear();
    }

    private void row(RowChange change, Origin origin) throws SQLException {
        endRun();
        if (change.byteSize() >= WideChange.MIN_BYTES || !change.isLiteral()) {
            batch.flush();
            wide.write(change, origin);
        } else {
            batch.add(prepared.execute(change, batch), change, origin);
        }
    }

    private void truncate(Change.Truncate truncate, Origin origin) throws SQLException {
        endRun();
        List<TargetTable> truncated = new ArrayList<>();
        tables.requireNoOthersRows(truncate.relations());
        for (Relation relation : truncate.relations()) {
            truncated.add(tables.resolve(relation));
        }
        batch.add(
                DmlSql.truncate(truncated, truncate.cascade(), truncate.restartIdentity()),
                "TRUNCATE of "
                        + truncated.stream()
                                .map(table -> table.name().toString())
                                .toList(),
                origin);
    }
}
