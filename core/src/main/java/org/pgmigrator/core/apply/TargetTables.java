package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.pgmigrator.core.apply.TargetTable.TargetColumn;
import org.pgmigrator.core.apply.TargetTable.TargetIndex;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.UnsteadyPartitions;
import org.pgmigrator.decoder.PgOutputMessage.Relation;
import org.pgmigrator.decoder.ReplicaIdentity;

/// Resolves relations of the stream against the target, once for each version that the stream announces.
///
/// Resolving is confined to the applier's thread, while nothing is written by another; what is resolved may be read by
/// the thread that writes.
final class TargetTables {

    private static final String TABLE = """
            select c.oid::int8, c.relkind = 'p',
                   (select string_agg(quote_ident(t.tgname), ', ') from pg_catalog.pg_trigger t
                    where t.tgenabled in ('A', 'R')
                      and (t.tgrelid = c.oid or t.tgrelid in (select relid from pg_catalog.pg_partition_tree(c.oid)))),
                   (select string_agg(quote_ident(r.rulename), ', ') from pg_catalog.pg_rewrite r
                    where r.ev_enabled in ('A', 'R') and r.ev_class = c.oid),
                   cn.nspname, c.relname
            from pg_catalog.pg_class leaf
            join pg_catalog.pg_namespace n on n.oid = leaf.relnamespace
            join pg_catalog.pg_class c on c.oid = coalesce(%s, leaf.oid)
            join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
            where n.nspname = ? and leaf.relname = ? and leaf.relkind in ('r', 'p')
            """.formatted(UnsteadyPartitions.STANDING_FOR_LEAF);

    private static final String LEAVES = """
            select n.nspname, c.relname
            from pg_catalog.pg_class root
            join pg_catalog.pg_namespace rn on rn.oid = root.relnamespace
            cross join lateral pg_catalog.pg_partition_tree(root.oid) t
            join pg_catalog.pg_class c on c.oid = t.relid
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where t.isleaf and rn.nspname = ? and root.relname = ?
            """;

    /// The types come without modifier: an explicit cast to varchar(5) would cut a longer value in silence.
    private static final String COLUMNS = """
            select a.attname, pg_catalog.format_type(a.atttypid, -1), a.attgenerated <> '', a.attnotnull,
                   (with recursive b as (
                        select t.typtype, t.typbasetype, t.typname, t.typnamespace from pg_catalog.pg_type t
                        where t.oid = a.atttypid
                        union all
                        select t.typtype, t.typbasetype, t.typname, t.typnamespace
                        from b join pg_catalog.pg_type t on t.oid = b.typbasetype where b.typtype = 'd')
                    select case when typtype = 'e' then 'enum'
                                when typnamespace = 'pg_catalog'::regnamespace then typname else '' end
                    from b where typtype <> 'd')
            from pg_catalog.pg_attribute a where a.attrelid = ? and a.attnum > 0 and not a.attisdropped
            order by a.attnum
            """;

    /// Plain columns of usable btree indexes, with the equality operator that the index itself uses: `=` may mean
    /// something else, or nothing, for a type of an extension under an empty search_path. Unique ones come first.
    private static final String INDEXES = """
            select i.indexrelid::int8, i.indisunique and i.indimmediate, a.attname,
                   'OPERATOR(' || quote_ident(onsp.nspname) || '.' || o.oprname || ')'
            from pg_catalog.pg_index i
            join pg_catalog.pg_class ic on ic.oid = i.indexrelid
            join pg_catalog.pg_am am on am.oid = ic.relam and am.amname = 'btree'
            cross join lateral unnest(i.indkey::int2[], i.indclass::oid[]) with ordinality k(attnum, opclass, position)
            left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum and k.attnum > 0
            join pg_catalog.pg_opclass oc on oc.oid = k.opclass
            join pg_catalog.pg_amop op on op.amopfamily = oc.opcfamily and op.amopstrategy = 3
                 and op.amoplefttype = oc.opcintype and op.amoprighttype = oc.opcintype
            join pg_catalog.pg_operator o on o.oid = op.amopopr
            join pg_catalog.pg_namespace onsp on onsp.oid = o.oprnamespace
            where i.indrelid = ? and i.indisvalid and i.indpred is null and k.position <= i.indnkeyatts
            order by i.indisprimary desc, i.indisunique desc, i.indexrelid, k.position
            """;

    private final Connection target;
    private final boolean binary;
    private final Consumer<TargetTable> listener;
    private final IdentityHashMap<Relation, TargetTable> resolved = new IdentityHashMap<>();
    private int nextId;

    /// @param binary   in which form the stream's values come
    /// @param listener told of each relation that is resolved
    TargetTables(Connection target, boolean binary, Consumer<TargetTable> listener) {
        this.target = target;
        this.binary = binary;
        this.listener = listener;
    }

    /// Whether [#resolve] knows this very version of a relation.
    boolean isResolved(Relation relation) {
        return resolved.containsKey(relation);
    }

    /// The table of a relation that is resolved.
    TargetTable known(Relation relation) {
        return Objects.requireNonNull(resolved.get(relation));
    }

    /// The target's table for a relation.
    ///
    /// @throws MigrationException TARGET_SCHEMA_DIFFERS if the target lacks the table or one of its columns
    TargetTable resolve(Relation relation) throws SQLException {
        TargetTable known = resolved.get(relation);
        if (known == null) {
            known = load(relation);
            resolved.values().removeIf(older -> older.relation().oid() == relation.oid());
            resolved.put(relation, known);
            listener.accept(known);
        }
        return known;
    }

    /// A partition that another table stands for can only be emptied with all others of that table.
    ///
    /// @throws MigrationException TARGET_SCHEMA_DIFFERS if a table would lose rows of partitions that are not among the
    /// relations
    void requireNoOthersRows(List<Relation> relations) throws SQLException {
        Set<QualifiedName> emptied = relations.stream()
                .map(relation -> new QualifiedName(relation.namespace(), relation.name()))
                .collect(Collectors.toSet());
        for (Relation relation : relations) {
            QualifiedName name = new QualifiedName(relation.namespace(), relation.name());
            QualifiedName table = resolve(relation).name();
            if (table.equals(name)) {
                continue;
            }
            for (QualifiedName leaf : leaves(table)) {
                if (!emptied.contains(leaf)) {
                    throw differs(
                            "The source has emptied partition " + name + " by TRUNCATE, but not " + leaf + ".",
                            "rows of " + table + " are hashed by values that each server has of its own, so that "
                                    + "the target cannot tell which of them were in that partition");
                }
            }
        }
    }

    private Set<QualifiedName> leaves(QualifiedName root) throws SQLException {
        Set<QualifiedName> leaves = new TreeSet<>();
        try (PreparedStatement statement = target.prepareStatement(LEAVES)) {
            statement.setString(1, root.schema());
            statement.setString(2, root.name());
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    leaves.add(new QualifiedName(row.getString(1), row.getString(2)));
                }
            }
        }
        return leaves;
    }

    private TargetTable load(Relation relation) throws SQLException {
        QualifiedName name = new QualifiedName(relation.namespace(), relation.name());
        try (PreparedStatement statement = target.prepareStatement(TABLE)) {
            statement.setString(1, name.schema());
            statement.setString(2, name.name());
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    throw differs(
                            "The target has no table " + name + ", for which the source has sent a change.",
                            "it was created or renamed on the source after the copy; schema changes are not replicated");
                }
                return load(
                        relation,
                        new QualifiedName(row.getString(5), row.getString(6)),
                        row.getLong(1),
                        row.getBoolean(2),
                        Optional.ofNullable(row.getString(3)),
                        Optional.ofNullable(row.getString(4)));
            }
        }
    }

    /// @param triggers names of those that fire for us too
    /// @param rules    names of those that hold for us too
    private TargetTable load(
            Relation relation,
            QualifiedName name,
            long oid,
            boolean partitioned,
            Optional<String> triggers,
            Optional<String> rules)
            throws SQLException {
        Map<String, ColumnFacts> facts = columns(oid);
        List<TargetIndex> indexes = indexes(oid);
        List<TargetColumn> columns = new ArrayList<>();
        Map<String, Integer> positions = new HashMap<>();
        for (Relation.Column column : relation.columns()) {
            ColumnFacts fact = facts.get(column.name());
            if (fact == null || fact.generated()) {
                throw differs(
                        "Column " + QualifiedName.quote(column.name()) + " of " + name
                                + (fact == null
                                        ? " does not exist on the target."
                                        : " is generated on the target only."),
                        "the table was changed on one side after the copy; schema changes are not replicated");
            }
            positions.put(column.name(), columns.size());
            columns.add(
                    new TargetColumn(column.name(), fact.type(), fact.baseType(), equality(indexes, column.name())));
        }
        Optional<List<Integer>> uniqueKey = indexes.stream()
                .filter(TargetIndex::unique)
                .filter(index -> index.columns().stream()
                        .allMatch(column -> positions.containsKey(column)
                                && facts.containsKey(column)
                                && facts.get(column).notNull()))
                .findFirst()
                .map(index -> index.columns().stream().map(positions::get).toList());
        List<Integer> indexed = indexes.stream()
                .map(index -> positions.get(index.columns().getFirst()))
                .filter(position -> position != null)
                .distinct()
                .toList();
        Optional<String> ownColumn = facts.entrySet().stream()
                .filter(column -> !column.getValue().generated() && !positions.containsKey(column.getKey()))
                .map(Map.Entry::getKey)
                .findFirst();
        TablePlan plan;
        if (triggers.isPresent()) {
            plan = TablePlan.barrier("trigger " + triggers.get() + " fires under session_replication_role = replica");
        } else if (rules.isPresent()) {
            plan = TablePlan.barrier("rule " + rules.get() + " holds under session_replication_role = replica");
        } else if (ownColumn.isPresent()) {
            plan = TablePlan.inOrder("column " + QualifiedName.quote(ownColumn.get()) + " is not published");
        } else {
            plan = plan(relation, columns, indexes, uniqueKey);
        }
        return new TargetTable(nextId++, relation, name, partitioned, binary, columns, uniqueKey, indexed, plan);
    }

    /// By what rows are found, nothing else standing against folding.
    private static TablePlan plan(
            Relation relation,
            List<TargetColumn> columns,
            List<TargetIndex> indexes,
            Optional<List<Integer>> uniqueKey) {
        if (columns.isEmpty()) {
            return TablePlan.inOrder("the table has no columns");
        }
        List<Integer> key = switch (relation.identity()) {
            case FULL -> uniqueKey.orElse(List.of());
            case DEFAULT, INDEX, NOTHING ->
                IntStream.range(0, columns.size())
                        .filter(i -> relation.columns().get(i).key())
                        .boxed()
                        .toList();
        };
        if (key.isEmpty() && relation.identity() == ReplicaIdentity.FULL) {
            return TablePlan.inOrder("replica identity full, and no unique index on columns that are not null");
        }
        // Not only for speed: a joined statement's count says nothing where a key may be there twice.
        Set<String> names = key.stream().map(i -> columns.get(i).name()).collect(Collectors.toSet());
        boolean unique = indexes.stream().anyMatch(index -> index.unique() && names.containsAll(index.columns()));
        if (!key.isEmpty()
                && !(unique
                        && key.stream().allMatch(i -> columns.get(i).equality().isPresent()))) {
            return TablePlan.inOrder("no unique index on the replica identity's columns");
        }
        return TablePlan.fold(key);
    }

    private static Optional<String> equality(List<TargetIndex> indexes, String column) {
        return indexes.stream()
                .flatMap(index -> Optional.ofNullable(index.equalities().get(column)).stream())
                .findFirst();
    }

    private record ColumnFacts(String type, boolean generated, boolean notNull, String baseType) {}

    private Map<String, ColumnFacts> columns(long oid) throws SQLException {
        Map<String, ColumnFacts> columns = new LinkedHashMap<>();
        try (PreparedStatement statement = target.prepareStatement(COLUMNS)) {
            statement.setLong(1, oid);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    columns.put(
                            row.getString(1),
                            new ColumnFacts(row.getString(2), row.getBoolean(3), row.getBoolean(4), row.getString(5)));
                }
            }
        }
        return columns;
    }

    private List<TargetIndex> indexes(long oid) throws SQLException {
        Map<Long, TargetIndex> indexes = new LinkedHashMap<>();
        try (PreparedStatement statement = target.prepareStatement(INDEXES)) {
            statement.setLong(1, oid);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    String column = row.getString(3);
                    TargetIndex index = indexes.computeIfAbsent(row.getLong(1), unused -> newIndex(row));
                    // An expression has no name: such an index identifies nothing that the stream carries.
                    index.columns().add(column == null ? "" : column);
                    if (column != null) {
                        index.equalities().put(column, row.getString(4));
                    }
                }
            }
        }
        return List.copyOf(indexes.values());
    }

    private static TargetIndex newIndex(ResultSet row) {
        try {
            return new TargetIndex(row.getBoolean(2), new ArrayList<>(), new HashMap<>());
        } catch (SQLException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static MigrationException differs(String what, String why) {
        return new MigrationException(Failure.of(FailureKind.TARGET_SCHEMA_DIFFERS, what, why));
    }
}
