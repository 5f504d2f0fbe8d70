package org.pgmigrator.core.validate;

import org.pgmigrator.core.config.FilterConfig;

/// What a filter means beyond tables, as the dump understands it.
public final class CarriedSchemas {

    private CarriedSchemas() {}

    /// Whether the filter names what is carried. Then only what belongs to a schema is: no large objects.
    public static boolean hasIncludes(FilterConfig filter) {
        return !filter.includeSchemas().isEmpty() || !filter.includeTables().isEmpty();
    }

    /// Whether the schema itself is carried, with its types and functions: an included table brings its schema along.
    public static boolean carries(FilterConfig filter, String schema) {
        boolean included = !hasIncludes(filter)
                || filter.includeSchemas().contains(schema)
                || filter.includeTables().stream()
                        .anyMatch(table -> table.schema().equals(schema));
        return included && !filter.excludeSchemas().contains(schema);
    }
}
