package org.pgmigrator.core.validate;

import org.pgmigrator.core.config.FilterConfig;

/// Whether large objects belong to what is copied: they have no schema, so any filter leaves them out, as pg_dump does.
final class LargeObjects {

    private LargeObjects() {}

    static boolean areCopied(FilterConfig filter) {
        return filter.includeSchemas().isEmpty() && filter.includeTables().isEmpty();
    }
}
