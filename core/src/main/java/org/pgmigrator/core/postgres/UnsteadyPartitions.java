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

    /// A rule that a partition has, from itself or from a table between, and the table that stands for it has not. What
    /// a partitioned table above that one has, it has too.
    ///
    /// Indexes and foreign keys are followed to the tables above. A check or NOT NULL of a partition has the name that
    /// it
    /// has there. Of a foreign key that points to a partitioned table there are rows for its partitions too.
    private static final String OWN_RULES = """
            with recursive standing as (
                select distinct on (t.relid) t.relid::oid as leaf, p.partrelid as top
                from pg_partitioned_table p
                cross join lateral pg_partition_tree(p.partrelid) t
                where t.isleaf and t.level > 0 and %1$s
                order by t.relid, t.level desc
            ), above as (
                select s.leaf, a.relid::oid as relid
                from standing s cross join lateral pg_partition_ancestors(s.top) a
            ), foreign_key as (
                select s.leaf, k.conrelid = s.leaf as own, k.oid as start, k.conname, k.conrelid, k.confrelid,
                       k.conparentid
                from standing s
                join pg_constraint k on k.contype = 'f' and s.leaf in (k.conrelid, k.confrelid) and %2$s
                union all
                select f.leaf, f.own, f.start, k.conname, k.conrelid, k.confrelid, k.conparentid
                from foreign_key f join pg_constraint k on k.oid = f.conparentid
            ), rule as (
                select s.leaf, s.leaf as holder, 'unique index ' || quote_ident(c.relname) as words
                from standing s
                join pg_index i on i.indrelid = s.leaf and i.indisunique
                join pg_class c on c.oid = i.indexrelid
                where not exists (
                    select from pg_partition_ancestors(i.indexrelid) a join pg_index ai on ai.indexrelid = a.relid
                    where ai.indrelid = s.top)
                union all
                select s.leaf, s.leaf, 'exclusion ' || quote_ident(c.relname)
                from standing s
                join pg_index i on i.indrelid = s.leaf and i.indisexclusion and not i.indisunique
                join pg_class c on c.oid = i.indexrelid
                where not exists (
                    select from pg_partition_ancestors(i.indexrelid) a join pg_index ai on ai.indexrelid = a.relid
                    where ai.indrelid = s.top)
                union all
                select s.leaf, s.leaf, 'check ' || quote_ident(k.conname)
                from standing s
                join pg_constraint k on k.conrelid = s.leaf and k.contype = 'c' and %2$s
                where not exists (
                    select from pg_constraint k2
                    where k2.conrelid = s.top and k2.contype = 'c' and k2.conname = k.conname and %3$s)
                union all
                select s.leaf, s.leaf, 'NOT NULL of ' || quote_ident(l.attname)
                from standing s
                join pg_attribute l on l.attrelid = s.leaf and l.attnotnull and l.attnum > 0 and not l.attisdropped
                join pg_attribute t on t.attrelid = s.top and t.attname = l.attname and not t.attnotnull
                union all
                select f.leaf, case when f.own then f.leaf else f.conrelid end,
                       case when f.own then 'foreign key ' || quote_ident(f.conname)
                            else 'foreign key ' || quote_ident(f.conname) || ' of ' || f.conrelid::regclass || ' to it' end
                from foreign_key f
                where f.conparentid = 0
                  and not exists (
                    select from foreign_key up join above a on a.leaf = up.leaf
                    where up.leaf = f.leaf and up.start = f.start and up.own = f.own
                      and a.relid = case when f.own then up.conrelid else up.confrelid end)
            )
            select distinct n.nspname, c.relname, r.words, hn.nspname, h.relname
            from rule r
            join pg_class c on c.oid = r.leaf join pg_namespace n on n.oid = c.relnamespace
            join pg_class h on h.oid = r.holder join pg_namespace hn on hn.oid = h.relnamespace
            order by 1, 2, 3
            """.formatted(UNSTEADY, enforced("k"), enforced("k2"));

    /// Of an alias of `pg_constraint`. Before 18 every constraint is enforced, and the column is not there.
    private static String enforced(String constraint) {
        return "coalesce(to_jsonb(" + constraint + ") ->> 'conenforced', 'true') = 'true'";
    }

    private UnsteadyPartitions() {}

    /// A rule of one partition alone, or of some of several, that rows may not meet when they are in another one.
    ///
    /// @param rule   for the operator
    /// @param holder the table that has the rule: a foreign key to the partition is another table's
    public record OwnRule(QualifiedName partition, String rule, QualifiedName holder) {}

    /// The partitions whose rows may be in other ones, with what unique indexes, exclusions, checks, NOT NULL and
    /// foreign
    /// keys the table that stands for them does not have.
    public static List<OwnRule> ownRules(Connection connection) throws SQLException {
        List<OwnRule> rules = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(OWN_RULES)) {
            while (row.next()) {
                rules.add(new OwnRule(
                        new QualifiedName(row.getString(1), row.getString(2)),
                        row.getString(3),
                        new QualifiedName(row.getString(4), row.getString(5))));
            }
        }
        return rules;
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
