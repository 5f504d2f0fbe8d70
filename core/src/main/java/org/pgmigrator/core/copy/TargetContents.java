package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;

/// What the target has in the range of a filter, at one moment. pg-migrator's own schema does not count.
///
/// Immutable.
public final class TargetContents {

    private final List<TargetSchema> schemas;
    private final List<TargetObject> databaseObjects;
    private final long largeObjects;
    private final Set<String> kept;

    /// @param schemas         the schemas in the range
    /// @param databaseObjects extensions, publications, event triggers, casts and the like; only without an include
    /// @param largeObjects    the number of large objects; only without an include
    /// @param kept            objects of the database that stay, whosever they are
    TargetContents(
            List<TargetSchema> schemas, List<TargetObject> databaseObjects, long largeObjects, Set<String> kept) {
        this.schemas = List.copyOf(schemas);
        this.databaseObjects = List.copyOf(databaseObjects);
        this.largeObjects = largeObjects;
        this.kept = Set.copyOf(kept);
    }

    /// Reads it, in the caller's transaction.
    public static TargetContents read(Connection target, FilterConfig filter) throws SQLException {
        return read(target, filter, Set.of());
    }

    /// The same, but for what stays when a copy is removed.
    ///
    /// @param kept as [#ofDatabase] had them before the copy
    static TargetContents read(Connection target, FilterConfig filter, Set<String> kept) throws SQLException {
        return new TargetContentsReader(target, filter, kept).read();
    }

    /// What belongs to the database and to no schema, by type and name (`extension hstore`), whoever made it.
    static Set<String> ofDatabase(Connection target) throws SQLException {
        return TargetContentsReader.ofDatabase(target);
    }

    /// Whether a copy meets nothing. Extensions, publications, event triggers and foreign servers are not in the way by
    /// themselves, nor is an empty schema of another role: providers put these into every database.
    public boolean isEmpty() {
        return largeObjects == 0 && schemas.stream().allMatch(TargetSchema::isOutOfTheWay);
    }

    /// What is in the way, by type and name (`table app.orders`), in the order of the names.
    ///
    /// @param limit how many at most
    public List<String> names(int limit) {
        Stream<String> inSchemas = schemas.stream()
                .filter(schema -> !schema.isOutOfTheWay())
                .flatMap(schema -> schema.objects().isEmpty()
                        ? Stream.of(schema.summary())
                        : schema.objects().stream().map(TargetObject::toString));
        Stream<String> large = largeObjects == 0 ? Stream.of() : Stream.of(largeObjects + " large objects");
        return Stream.concat(inSchemas, large).limit(limit).toList();
    }

    /// What would be dropped, a line for each schema and each object of the database; then what would stay, and why.
    public List<String> plan() {
        List<String> lines = new ArrayList<>();
        List<String> kept = new ArrayList<>();
        for (TargetSchema schema : schemas) {
            if (!schema.isOutOfTheWay()) {
                lines.add(schema.summary());
            }
            schema.objects().stream().filter(object -> !object.ours()).forEach(object -> kept.add(keptLine(object)));
        }
        for (TargetObject object : databaseObjects) {
            if (goes(object)) {
                lines.add(object.toString());
            } else {
                kept.add(keptLine(object));
            }
        }
        if (largeObjects > 0) {
            lines.add(largeObjects + (largeObjects == 1 ? " large object" : " large objects"));
        }
        lines.addAll(kept);
        return lines;
    }

    /// What would be dropped, each thing by type and name, without sizes: to be compared with another moment's.
    public Set<String> drops() {
        Set<String> drops = new TreeSet<>();
        for (TargetSchema schema : schemas) {
            if (schema.whole() && !schema.isPublic()) {
                drops.add("schema " + QualifiedName.quote(schema.name()));
            }
            schema.objects().stream()
                    .filter(TargetObject::ours)
                    .map(TargetObject::toString)
                    .forEach(drops::add);
        }
        databaseObjects().stream().map(TargetObject::toString).forEach(drops::add);
        if (largeObjects > 0) {
            drops.add("large objects");
        }
        return drops;
    }

    private String keptLine(TargetObject object) {
        return "kept: " + object
                + (object.ours() ? ", which was there before the copy" : ", which belongs to another role");
    }

    private boolean goes(TargetObject object) {
        return object.ours() && !kept.contains(object.toString());
    }

    List<TargetSchema> schemas() {
        return schemas;
    }

    /// Those that go.
    List<TargetObject> databaseObjects() {
        return databaseObjects.stream().filter(this::goes).toList();
    }

    boolean hasLargeObjects() {
        return largeObjects > 0;
    }
}
