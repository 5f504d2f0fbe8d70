package org.pgmigrator.core.copy;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.copy.CarriedContents.ForeignKey;
import org.pgmigrator.core.copy.CarriedContents.Relation;
import org.pgmigrator.core.copy.TableOfContents.Origin;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;

/// Reads [CarriedContents] from the source's catalogue, in the caller's transaction and so under its snapshot.
final class CarriedContentsReader {

    private static final String SCHEMAS =
            "select n.oid::int8, n.nspname from pg_namespace n where " + Catalog.USER_SCHEMA;

    private static final String FOREIGN_KEYS = """
            select oid::int8, conname, conrelid::int8, confrelid::int8 from pg_constraint
            where contype = 'f' and conparentid = 0
            """;

    /// Extensions that live in these schemas, or whose members the objects of these schemas depend on.
    private static final String EXTENSIONS = """
            select e.extname from pg_extension e join pg_namespace n on n.oid = e.extnamespace
            where n.nspname = any (?)
            union
            select e.extname
            from pg_depend d
            join pg_depend m on m.classid = d.refclassid and m.objid = d.refobjid and m.deptype = 'e'
                 and m.refclassid = 'pg_extension'::regclass
            join pg_extension e on e.oid = m.refobjid
            left join pg_attrdef ad on d.classid = 'pg_attrdef'::regclass and ad.oid = d.objid
            left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
            left join pg_trigger g on d.classid = 'pg_trigger'::regclass and g.oid = d.objid
            left join pg_class c on c.oid = coalesce(ad.adrelid, k.conrelid, g.tgrelid, d.objid)
                 and (d.classid = 'pg_class'::regclass or ad.oid is not null or k.oid is not null or g.oid is not null)
            left join pg_proc p on d.classid = 'pg_proc'::regclass and p.oid = d.objid
            left join pg_type t on d.classid = 'pg_type'::regclass and t.oid = d.objid
            join pg_namespace n on n.oid = coalesce(c.relnamespace, p.pronamespace, t.typnamespace)
            where n.nspname = any (?)
            order by 1
            """;

    /// Our publications and their members, each with the catalogue it stands in.
    private static final String PUBLICATIONS = """
            select %d::int8, p.oid::int8 from pg_publication p where p.pubname = any (?)
            union all
            select %d::int8, r.oid::int8
            from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where p.pubname = any (?)
            """.formatted(Origin.PG_PUBLICATION, Origin.PG_PUBLICATION_REL);

    /// The entry that builds an index is the constraint's where there is one.
    private static final String INDEXES = """
            select case when k.oid is null then %d::int8 else %d::int8 end, coalesce(k.oid, c.oid)::int8,
                   greatest(c.relpages, 0)::int8 * current_setting('block_size')::int8
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            left join pg_constraint k on k.conindid = c.oid and k.contype in ('p', 'u', 'x')
            where c.relkind = 'i' and %s
            """.formatted(Origin.PG_CLASS, Origin.PG_CONSTRAINT, Catalog.USER_SCHEMA);

    private final Connection connection;
    private final FilterConfig filter;

    CarriedContentsReader(Connection connection, FilterConfig filter) {
        this.connection = connection;
        this.filter = filter;
    }

    /// @param ownPublications pg-migrator's publications, which never reach the target
    /// @param exactSizes      ask the file system for the sizes of tables, which waits for locks
    /// @throws MigrationException `USAGE` if the filter names what the source does not have
    CarriedContents read(Set<String> ownPublications, boolean exactSizes) throws SQLException {
        Map<Origin, String> schemaOrigins = schemas();
        Collection<String> schemas = schemaOrigins.values();
        Map<Long, Relation> relations = RelationReader.read(connection, exactSizes);
        DumpFilter dumpFilter = new DumpFilter(filter, relations.values());
        List<String> mistakes = dumpFilter.mistakes(schemas);
        if (!mistakes.isEmpty()) {
            throw new MigrationException(Failure.of(
                    FailureKind.USAGE, "The filter does not fit the source.", String.join("; ", mistakes) + "."));
        }
        Array carriedSchemas =
                connection.createArrayOf("text", dumpFilter.schemas(schemas).toArray());
        List<String> extensions =
                dumpFilter.hasIncludes() ? strings(EXTENSIONS, carriedSchemas, carriedSchemas) : List.of();
        List<String> warnings = new ArrayList<>(dumpFilter.withoutEffect(schemas));
        Set<Origin> leftOut = new HashSet<>(publications(ownPublications));
        leftOut.addAll(impossibleForeignKeys(dumpFilter, relations, warnings));
        warnings.addAll(notCarried(dumpFilter));
        List<Relation> tables = relations.values().stream()
                .filter(relation -> relation.kind() == 'r' && dumpFilter.carries(relation.oid()))
                .toList();
        return new CarriedContents(
                Catalog.major(connection),
                schemaOrigins,
                dumpFilter.options(schemas, extensions),
                leftOut,
                tables.stream().collect(Collectors.toMap(Relation::oid, Relation::bytes)),
                tables.stream().collect(Collectors.toMap(Relation::oid, Relation::name)),
                indexBytes(),
                warnings);
    }

    private Map<Origin, String> schemas() throws SQLException {
        Map<Origin, String> schemas = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(SCHEMAS)) {
            while (row.next()) {
                schemas.put(new Origin(Origin.PG_NAMESPACE, row.getLong(1)), row.getString(2));
            }
        }
        return schemas;
    }

    private Set<Origin> publications(Set<String> names) throws SQLException {
        Array array = connection.createArrayOf("text", names.toArray());
        Set<Origin> origins = new HashSet<>();
        try (PreparedStatement statement = connection.prepareStatement(PUBLICATIONS)) {
            statement.setArray(1, array);
            statement.setArray(2, array);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    origins.add(new Origin(row.getLong(1), row.getLong(2)));
                }
            }
        }
        return origins;
    }

    private Set<Origin> impossibleForeignKeys(
            DumpFilter dumpFilter, Map<Long, Relation> relations, List<String> warnings) throws SQLException {
        List<ForeignKey> keys = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(FOREIGN_KEYS)) {
            while (row.next()) {
                keys.add(new ForeignKey(row.getLong(1), row.getString(2), row.getLong(3), row.getLong(4)));
            }
        }
        Set<Origin> origins = new HashSet<>();
        for (ForeignKey key : dumpFilter.impossible(keys)) {
            origins.add(new Origin(Origin.PG_CONSTRAINT, key.oid()));
            warnings.add("The foreign key " + key.name() + " of " + name(relations, key.table())
                    + " is not made on the target, because " + name(relations, key.referenced()) + " is not copied.");
        }
        return origins;
    }

    private static String name(Map<Long, Relation> relations, long oid) {
        Relation relation = relations.get(oid);
        return relation == null ? "table " + oid : relation.name().toString();
    }

    private List<String> notCarried(DumpFilter dumpFilter) throws SQLException {
        if (!dumpFilter.hasIncludes()
                || "0".equals(Catalog.value(connection, "select count(*) from pg_largeobject_metadata"))) {
            return List.of();
        }
        return List.of("Large objects are not copied, because the filter names what is to be copied.");
    }

    private Map<Origin, Long> indexBytes() throws SQLException {
        Map<Origin, Long> bytes = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(INDEXES)) {
            while (row.next()) {
                bytes.put(new Origin(row.getLong(1), row.getLong(2)), row.getLong(3));
            }
        }
        return bytes;
    }

    private List<String> strings(String sql, Array... parameters) throws SQLException {
        List<String> values = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setArray(i + 1, parameters[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    values.add(row.getString(1));
                }
            }
        }
        return values;
    }
}
