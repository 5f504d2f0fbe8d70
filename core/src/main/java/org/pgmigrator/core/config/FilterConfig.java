package org.pgmigrator.core.config;

import java.util.List;

/// Which schemas and tables are migrated; the same filter holds for the dump, the publication and all that follows.
///
/// Names are exact and case-sensitive, as the catalogue spells them. Empty includes mean everything.
///
/// @param includeSchemas only these schemas
/// @param excludeSchemas not these schemas
/// @param includeTables  only these tables
/// @param excludeTables  not these tables
public record FilterConfig(
        List<String> includeSchemas,
        List<String> excludeSchemas,
        List<QualifiedName> includeTables,
        List<QualifiedName> excludeTables) {

    public static final FilterConfig EVERYTHING = new FilterConfig(List.of(), List.of(), List.of(), List.of());

    public FilterConfig {
        includeSchemas = List.copyOf(includeSchemas);
        excludeSchemas = List.copyOf(excludeSchemas);
        includeTables = List.copyOf(includeTables);
        excludeTables = List.copyOf(excludeTables);
    }

    public boolean isEverything() {
        return equals(EVERYTHING);
    }

    /// Whether a table (or sequence, view, foreign table) of this name is carried.
    public boolean carries(QualifiedName name) {
        boolean included = (includeSchemas.isEmpty() && includeTables.isEmpty())
                || includeSchemas.contains(name.schema())
                || includeTables.contains(name);
        return included && !excludeSchemas.contains(name.schema()) && !excludeTables.contains(name);
    }
}
