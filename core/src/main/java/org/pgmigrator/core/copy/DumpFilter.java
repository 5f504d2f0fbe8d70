package org.pgmigrator.core.copy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.CarriedContents.ForeignKey;
import org.pgmigrator.core.copy.CarriedContents.Relation;
import org.pgmigrator.core.postgres.Catalog;

/// The operator's filter applied to the relations of the source, and put into pg_dump's words.
///
/// pg_dump's `--table` switches everything off that is not a table: schemas, types, functions. Therefore an included
/// table is written as its schema, less the other relations of that schema (`--schema` and `--exclude-table`): types
/// and
/// functions beside it come along, those of other schemas are the operator's to carry. A partition goes with its root,
/// a sequence with the table that owns it or draws a default from it. With an include, pg_dump leaves out what has no
/// schema (large objects, publications, event triggers, languages, casts); extensions that carried objects need are
/// named to it.
///
/// See https://www.postgresql.org/docs/current/app-pgdump.html
final class DumpFilter {

    private final FilterConfig filter;
    private final List<Relation> relations;
    private final Set<Long> carried;

    DumpFilter(FilterConfig filter, Collection<Relation> relations) {
        this.filter = filter;
        this.relations = List.copyOf(relations);
        this.carried = carried(filter, this.relations);
    }

    private static Set<Long> carried(FilterConfig filter, List<Relation> relations) {
        Set<Long> carried = new HashSet<>();
        relations.stream()
                .filter(relation -> filter.carries(relation.decidingName()))
                .forEach(relation -> carried.add(relation.oid()));
        for (Relation sequence : relations) {
            if (sequence.isSequence()) {
                boolean owned = sequence.owners().stream().anyMatch(carried::contains);
                boolean used = sequence.users().stream().anyMatch(carried::contains);
                if (owned || used) {
                    carried.add(sequence.oid());
                } else if (!sequence.owners().isEmpty()) {
                    carried.remove(sequence.oid());
                }
            }
        }
        return carried;
    }

    boolean carries(long relation) {
        return carried.contains(relation);
    }

    boolean hasIncludes() {
        return !filter.includeSchemas().isEmpty() || !filter.includeTables().isEmpty();
    }

    /// The schemas whose types and functions are carried, given those of the source.
    Set<String> schemas(Collection<String> ofSource) {
        Set<String> schemas = new TreeSet<>(ofSource);
        schemas.remove(Catalog.OWN_SCHEMA);
        if (hasIncludes()) {
            Set<String> included = relations.stream()
                    .filter(relation -> carries(relation.oid()))
                    .map(relation -> relation.name().schema())
                    .collect(Collectors.toCollection(TreeSet::new));
            included.addAll(filter.includeSchemas());
            filter.includeTables().forEach(table -> included.add(table.schema()));
            schemas.retainAll(included);
        }
        filter.excludeSchemas().forEach(schemas::remove);
        return schemas;
    }

    /// pg_dump's options.
    ///
    /// @param schemas    the schemas of the source
    /// @param extensions the extensions that carried objects need; only used with an include
    List<String> options(Collection<String> schemas, Collection<String> extensions) {
        List<String> options = new ArrayList<>();
        options.add("--exclude-schema=" + pattern(Catalog.OWN_SCHEMA));
        filter.excludeSchemas().forEach(schema -> options.add("--exclude-schema=" + pattern(schema)));
        Set<String> carriedSchemas = schemas(schemas);
        if (hasIncludes()) {
            carriedSchemas.forEach(schema -> options.add("--schema=" + pattern(schema)));
            extensions.forEach(extension -> options.add("--extension=" + pattern(extension)));
        }
        relations.stream()
                .filter(relation -> !carries(relation.oid()))
                .map(Relation::name)
                .filter(name -> carriedSchemas.contains(name.schema()))
                .sorted()
                .forEach(name -> options.add("--exclude-table=" + pattern(name.schema()) + "." + pattern(name.name())));
        return options;
    }

    /// A pattern that matches one name only: inside double quotes nothing is a wildcard, a dot or folded to lower case.
    /// See https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PATTERNS
    static String pattern(String name) {
        return QualifiedName.quote(name);
    }

    /// Foreign keys of carried tables to tables that are not: they cannot exist on the target.
    List<ForeignKey> impossible(Collection<ForeignKey> foreignKeys) {
        return foreignKeys.stream()
                .filter(key -> carries(key.table()) && !carries(key.referenced()))
                .toList();
    }

    /// Names that are included but not there, or only with their partitioned table.
    List<String> mistakes(Collection<String> schemas) {
        Map<QualifiedName, Relation> byName = byName();
        Stream<String> missingSchemas = filter.includeSchemas().stream()
                .filter(schema -> !schemas.contains(schema))
                .map(schema -> "the source has no schema " + QualifiedName.quote(schema));
        Stream<String> missingTables = filter.includeTables().stream()
                .filter(name -> !byName.containsKey(name))
                .map(name -> "the source has no table " + name);
        Stream<String> partitions = filter.includeTables().stream()
                .map(byName::get)
                .filter(relation -> relation != null && relation.root().isPresent() && !carries(relation.oid()))
                .map(relation -> relation.name() + " is a partition: include " + relation.decidingName());
        return Stream.of(missingSchemas, missingTables, partitions)
                .flatMap(Function.identity())
                .toList();
    }

    /// Excludes that do nothing, which the operator may not know.
    List<String> withoutEffect(Collection<String> schemas) {
        Map<QualifiedName, Relation> byName = byName();
        List<String> sentences = new ArrayList<>();
        filter.excludeSchemas().stream()
                .filter(schema -> !schemas.contains(schema))
                .forEach(schema -> sentences.add(
                        "The excluded schema " + QualifiedName.quote(schema) + " does not exist on the source."));
        for (QualifiedName name : filter.excludeTables()) {
            Relation relation = byName.get(name);
            if (relation == null) {
                sentences.add("The excluded table " + name + " does not exist on the source.");
            } else if (carries(relation.oid())) {
                sentences.add("The excluded " + name + " is copied all the same, because it belongs to "
                        + (relation.isSequence() ? "a table that is copied." : relation.decidingName() + "."));
            }
        }
        return sentences;
    }

    private Map<QualifiedName, Relation> byName() {
        return relations.stream().collect(Collectors.toMap(Relation::name, Function.identity()));
    }
}
