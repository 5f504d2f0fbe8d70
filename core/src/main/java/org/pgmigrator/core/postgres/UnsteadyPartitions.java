package org.pgmigrator.core.postgres;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pgmigrator.core.config.QualifiedName;

/// Hash partitions whose rows may be in other ones on another server, because what is hashed is its own: the OID of an
/// enum's label or of a catalogue object, or what a nondeterministic collation makes of a text.
///
/// Such rows are written to, and compared by, the topmost table above them that is divided in this way. The same is
/// told on both sides: it depends on the partition key's definition alone.
///
/// An array, a range or a row may have an enum within: it is counted whatever it consists of.
/// See https://www.postgresql.org/docs/current/app-pgdump.html (--load-via-partition-root)
public final class UnsteadyPartitions {

    /// Partitioned tables of an alias `p` of `pg_partitioned_table`.
    private static final String UNSTEADY = """
            p.partstrat = 'h' and exists (
                select from unnest(p.partclass::oid[], p.partcollation::oid[]) k(opclass, texts)
                join pg_catalog.pg_opclass o on o.oid = k.opclass
                left join pg_catalog.pg_collation l on l.oid = k.texts
                where o.opcintype::pg_catalog.regtype::text
                          in ('anyenum', 'anyarray', 'anyrange', 'anymultirange', 'record', 'oid')
                      or not l.collisdeterministic)
            """;

    /// The OID of the table that stands for the partition `leaf.oid`; null if it stands for itself.
    public static final String STANDING_FOR_LEAF = """
            (select a.relid::oid from pg_catalog.pg_partition_ancestors(leaf.oid) with ordinality a(relid, position)
             join pg_catalog.pg_partitioned_table p on p.partrelid = a.relid
             where %s
             order by a.position desc limit 1)
            """.formatted(UNSTEADY);

    private static final String ALL = """
            select distinct on (t.relid) n.nspname, c.relname, rn.nspname, rc.relname
            from pg_partitioned_table p
            cross join lateral pg_partition_tree(p.partrelid) t
            join pg_class c on c.oid = t.relid
            join pg_namespace n on n.oid = c.relnamespace
            join pg_class rc on rc.oid = p.partrelid
            join pg_namespace rn on rn.oid = rc.relnamespace
            where t.isleaf and t.level > 0 and %s
            order by t.relid, t.level desc
            """.formatted(UNSTEADY);

    private static final String WITH_OWN_RULES = """
            select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relispartition and c.relkind = 'r'
              and (exists (select from pg_index i
                           where i.indrelid = c.oid and (i.indisunique or i.indisexclusion)
                             and not exists (select from pg_inherits h where h.inhrelid = i.indexrelid))
                   or exists (select from pg_constraint k
                              where k.conrelid = c.oid and k.contype = 'c' and k.coninhcount = 0))
            order by 1, 2
            """;

    private UnsteadyPartitions() {}

    /// Partitions, unsteady or not, with a unique index, an exclusion or a check that is theirs alone.
    public static List<QualifiedName> withOwnRules(Connection connection) throws SQLException {
        List<QualifiedName> partitions = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(WITH_OWN_RULES)) {
            while (row.next()) {
                partitions.add(new QualifiedName(row.getString(1), row.getString(2)));
            }
        }
        return partitions;
    }

    /// The partitions with rows, each with the table that stands for it.
    public static Map<QualifiedName, QualifiedName> read(Connection connection) throws SQLException {
        Map<QualifiedName, QualifiedName> partitions = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(ALL)) {
            while (row.next()) {
                partitions.put(
                        new QualifiedName(row.getString(1), row.getString(2)),
                        new QualifiedName(row.getString(3), row.getString(4)));
            }
        }
        return partitions;
    }
}
