package org.pgmigrator.core.apply;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.decoder.ReplicaIdentity;

/// The tables whose rows are divided among the lanes by their keys, as the target remembers them.
///
/// What is remembered changes only while all lanes are together, in a transaction of its own, before the first row is
/// divided by it. While they are apart it decides alone, whatever the catalogue says by then.
///
/// Confined to the applier's thread, while nothing is written by another.
final class SplitTables {

    /// Whether the target enforces something that two rows with different keys could violate together.
    private static final String CONSTRAINED = """
            select exists (
                select from pg_catalog.pg_index i
                join pg_catalog.pg_class c on c.oid = i.indrelid
                join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where n.nspname = ? and c.relname = ? and (i.indisunique or i.indisexclusion)
                  and (i.indisexclusion
                       or not ?::text[] <@ (select coalesce(array_agg(a.attname::text), '{}')
                                            from unnest(i.indkey::int2[]) with ordinality k(attnum, position)
                                            join pg_catalog.pg_attribute a
                                                 on a.attrelid = i.indrelid and a.attnum = k.attnum
                                            where k.position <= i.indnkeyatts)))
            """;

    private static final String THIS_ONE = " where subscription = ? and table_schema = ? and table_name = ?";

    private final Connection target;
    private final String subscription;
    private final int range;
    private final Map<QualifiedName, Remembered> remembered = new HashMap<>();
    private final IdentityHashMap<TargetTable, Optional<KeySplit>> decided = new IdentityHashMap<>();

    /// What the target says of a table.
    private record Remembered(List<String> key, int range) {}

    /// @param range how many consecutive keys are kept together where nothing else is remembered
    SplitTables(Connection target, String subscription, int range) throws SQLException {
        this.target = target;
        this.subscription = subscription;
        this.range = range;
        try (Statement statement = target.createStatement()) {
            statement.execute("""
                    create table if not exists pgmigrator.split_table (
                        subscription text not null,
                        table_schema text not null,
                        table_name text not null,
                        key text[] not null,
                        key_range int not null,
                        primary key (subscription, table_schema, table_name)
                    )""");
        }
        read();
        target.commit();
    }

    private void read() throws SQLException {
        try (PreparedStatement statement = target.prepareStatement(
                "select table_schema, table_name, key, key_range from pgmigrator.split_table where subscription = ?")) {
            statement.setString(1, subscription);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    Array key = row.getArray(3);
                    remembered.put(
                            new QualifiedName(row.getString(1), row.getString(2)),
                            new Remembered(List.of((String[]) key.getArray()), row.getInt(4)));
                }
            }
        }
    }

    /// Whether [#of] would have to ask the target.
    boolean isDecided(TargetTable table) {
        return decided.containsKey(table);
    }

    /// How a table's rows are divided; empty if all of them go to one lane.
    ///
    /// @param together whether the lanes are, so that it may be decided anew
    Optional<KeySplit> of(TargetTable table, boolean together) throws SQLException {
        Optional<KeySplit> known = decided.get(table);
        if (known != null) {
            return known;
        }
        if (!together) {
            return asRemembered(table);
        }
        Optional<KeySplit> split = decide(table);
        decided.keySet()
                .removeIf(older -> older.relation().oid() == table.relation().oid());
        decided.put(table, split);
        return split;
    }

    private Optional<KeySplit> asRemembered(TargetTable table) {
        Remembered before = remembered.get(table.name());
        if (before == null) {
            return Optional.empty();
        }
        return Optional.of(KeySplit.of(table, before.key(), before.range())
                .orElseThrow(() -> new MigrationException(Failure.of(
                        FailureKind.TARGET_SCHEMA_DIFFERS,
                        "The key " + before.key() + " of " + table.name() + " has changed on the target.",
                        "an earlier run has written a part of its last changes there, divided by that key, and what is "
                                + "missing can be told by the same key only"))));
    }

    private Optional<KeySplit> decide(TargetTable table) throws SQLException {
        List<String> key = table.plan().key().stream()
                .map(position -> table.columns().get(position).name())
                .toList();
        Optional<KeySplit> split = mayBeSplit(table, key) ? KeySplit.of(table, key, range) : Optional.empty();
        Remembered before = remembered.get(table.name());
        Optional<Remembered> now = split.map(unused -> new Remembered(key, range));
        if (!now.equals(Optional.ofNullable(before))) {
            remember(table.name(), now);
        }
        return split;
    }

    /// Not under REPLICA IDENTITY FULL: its key is the target's choice, which may be another one after a restart.
    private boolean mayBeSplit(TargetTable table, List<String> key) throws SQLException {
        return table.plan().order() == TablePlan.Order.FOLD
                && !key.isEmpty()
                && !table.partitioned()
                && table.relation().identity() != ReplicaIdentity.FULL
                && !isConstrained(table.name(), key);
    }

    private boolean isConstrained(QualifiedName table, List<String> key) throws SQLException {
        try (PreparedStatement statement = target.prepareStatement(CONSTRAINED)) {
            statement.setString(1, table.schema());
            statement.setString(2, table.name());
            statement.setArray(3, target.createArrayOf("text", key.toArray()));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    private void remember(QualifiedName table, Optional<Remembered> now) throws SQLException {
        try (PreparedStatement delete = target.prepareStatement("delete from pgmigrator.split_table" + THIS_ONE)) {
            delete.setString(1, subscription);
            delete.setString(2, table.schema());
            delete.setString(3, table.name());
            delete.executeUpdate();
        }
        if (now.isPresent()) {
            try (PreparedStatement insert =
                    target.prepareStatement("insert into pgmigrator.split_table values (?, ?, ?, ?, ?)")) {
                insert.setString(1, subscription);
                insert.setString(2, table.schema());
                insert.setString(3, table.name());
                insert.setArray(4, target.createArrayOf("text", now.get().key().toArray()));
                insert.setInt(5, now.get().range());
                insert.executeUpdate();
            }
        }
        target.commit();
        now.ifPresentOrElse(entry -> remembered.put(table, entry), () -> remembered.remove(table));
    }
}
