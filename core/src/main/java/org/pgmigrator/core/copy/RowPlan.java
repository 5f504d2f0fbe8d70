package org.pgmigrator.core.copy;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.TableOfContents.Entry;
import org.pgmigrator.core.copy.TableOfContents.Origin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Which tables have rows to be copied, and into which parts the large ones are divided.
///
/// They are those that the dump's definitions create, and, as pg_dump has it, the tables that an extension calls its
/// configuration, of which only what the extension has not brought itself is copied.
/// See https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-CONFIG-TABLES
public final class RowPlan {

    private static final Logger LOG = LoggerFactory.getLogger(RowPlan.class);

    /// A gigabyte of 8 kB pages: so much is copied again at most for each session that is cut off.
    static final long RANGE_PAGES = 131_072;

    private static final int PG_EXTENSION = 3079;

    private static final String PAGES = """
            select c.oid::int8, c.relpages::int8, current_setting('block_size')::int8
            from pg_class c where c.oid = any(?)
            """;

    /// The relations that extensions call their configuration, with the condition on their rows. Each is behind those
    /// that its foreign keys point to.
    private static final String CONFIGURATION = """
            with recursive config as (
                select e.oid as extension, k.oid, k.condition
                from pg_extension e cross join lateral unnest(e.extconfig, e.extcondition) k(oid, condition)
            ), behind(oid, far, path) as (
                select oid, 0, array[oid] from config
                union all
                select f.conrelid, b.far + 1, b.path || f.conrelid
                from behind b
                join pg_constraint f on f.contype = 'f' and f.confrelid = b.oid and f.conrelid <> all(b.path)
                join config c on c.oid = f.conrelid
            )
            select k.extension::int8, n.nspname, c.relname, c.relkind, coalesce(k.condition, '')
            from config k
            join (select oid, max(far) as far from behind group by oid) b on b.oid = k.oid
            join pg_class c on c.oid = k.oid
            join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'S')
            order by b.far, n.nspname, c.relname
            """;

    private RowPlan() {}

    /// A relation of an extension.
    ///
    /// @param condition `WHERE …` as the extension gave it, or empty
    record Configuration(long extension, QualifiedName name, boolean sequence, String condition) {}

    /// Makes the plan, the largest parts first; at its end the extensions' tables, each behind those it points to.
    ///
    /// @param source under the snapshot
    public static List<RowUnit> make(Connection source, FinishedDump dump, FilterConfig filter) throws SQLException {
        return make(source, dump, filter, RANGE_PAGES);
    }

    static List<RowUnit> make(Connection source, FinishedDump dump, FilterConfig filter, long rangePages)
            throws SQLException {
        Set<Long> created = dump.contents().entries().stream()
                .map(Entry::origin)
                .filter(origin -> origin.classOid() == Origin.PG_CLASS)
                .map(Origin::oid)
                .collect(Collectors.toSet());
        Map<Long, QualifiedName> names = dump.carried().tableNames();
        names.forEach((oid, name) -> {
            if (!created.contains(oid)) {
                LOG.warn("the dump has no definition of table={}", name);
            }
        });
        Map<Long, Long> bytes = dump.carried().tableBytes();
        Map<Long, Long> pages = pages(source, bytes);
        List<RowUnit> parts = new ArrayList<>();
        names.entrySet().stream()
                .filter(table -> created.contains(table.getKey()))
                .forEach(table -> parts.addAll(parts(
                        table.getValue(),
                        bytes.getOrDefault(table.getKey(), 0L),
                        pages.getOrDefault(table.getKey(), 0L),
                        rangePages)));
        parts.sort(Comparator.comparingLong(RowUnit::bytes).reversed().thenComparing(RowUnit::table));
        carriedTables(source, dump, filter)
                .forEach(table -> parts.add(new RowUnit(0, table.name(), 0, OptionalLong.empty(), 0)));
        List<RowUnit> units = new ArrayList<>();
        for (RowUnit part : parts) {
            units.add(new RowUnit(units.size() + 1, part.table(), part.firstPage(), part.endPage(), part.bytes()));
        }
        return units;
    }

    static List<ExtensionTable> carriedTables(Connection source, FinishedDump dump, FilterConfig filter)
            throws SQLException {
        return configuration(source).stream()
                .filter(relation -> !relation.sequence() && isCarried(relation, dump, filter))
                .map(relation -> new ExtensionTable(relation.name(), relation.condition()))
                .toList();
    }

    /// The sequences that extensions call their configuration, of those that are carried.
    public static List<QualifiedName> extensionSequences(Connection source, FinishedDump dump, FilterConfig filter)
            throws SQLException {
        return configuration(source).stream()
                .filter(relation -> relation.sequence() && isCarried(relation, dump, filter))
                .map(Configuration::name)
                .toList();
    }

    private static boolean isCarried(Configuration relation, FinishedDump dump, FilterConfig filter) {
        boolean excluded = filter.excludeSchemas().contains(relation.name().schema())
                || filter.excludeTables().contains(relation.name());
        return !excluded
                && dump.contents().entries().stream()
                        .anyMatch(entry -> entry.origin().classOid() == PG_EXTENSION
                                && entry.origin().oid() == relation.extension());
    }

    static List<Configuration> configuration(Connection source) throws SQLException {
        List<Configuration> relations = new ArrayList<>();
        try (PreparedStatement statement = source.prepareStatement(CONFIGURATION);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                relations.add(new Configuration(
                        row.getLong(1),
                        new QualifiedName(row.getString(2), row.getString(3)),
                        row.getString(4).equals("S"),
                        row.getString(5)));
            }
        }
        return relations;
    }

    /// By the planner's figures, since exact ones would wait for each table's lock; of a table that it has never seen,
    /// by the table's size.
    private static Map<Long, Long> pages(Connection source, Map<Long, Long> bytes) throws SQLException {
        Map<Long, Long> pages = new HashMap<>();
        Array oids = source.createArrayOf("oid", bytes.keySet().toArray());
        try (PreparedStatement statement = source.prepareStatement(PAGES)) {
            statement.setArray(1, oids);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    long oid = row.getLong(1);
                    long known = row.getLong(2);
                    pages.put(oid, known > 0 ? known : bytes.getOrDefault(oid, 0L) / row.getLong(3));
                }
            }
        }
        return pages;
    }

    static List<RowUnit> parts(QualifiedName table, long bytes, long pages, long rangePages) {
        long ranges = Math.max(1, pages / rangePages);
        List<RowUnit> parts = new ArrayList<>();
        for (long range = 0; range < ranges; range++) {
            parts.add(new RowUnit(
                    0,
                    table,
                    range * rangePages,
                    range == ranges - 1 ? OptionalLong.empty() : OptionalLong.of((range + 1) * rangePages),
                    bytes / ranges));
        }
        return parts;
    }
}
