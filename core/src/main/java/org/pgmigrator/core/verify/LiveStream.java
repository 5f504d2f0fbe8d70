package org.pgmigrator.core.verify;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.decoder.Lsn;

/// What the target says of migrations that go on: whether a difference may be lag.
///
/// @param present whether the target has state of a migration at all
/// @param applied the position up to which the one that is furthest behind has applied; empty without a stream, and
/// where
///                the role may not read it
record LiveStream(boolean present, Optional<Lsn> applied) {

    private static final String PRESENT =
            "select exists (select from pg_namespace where nspname = '" + Catalog.OWN_SCHEMA + "')";

    private static final String READABLE = """
            select coalesce((select has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT')
                             from pg_class c join pg_namespace n on n.oid = c.relnamespace
                             where n.nspname = '%s' and c.relname = 'progress'), false)
            """.formatted(Catalog.OWN_SCHEMA);

    private static final String APPLIED =
            "select min(greatest(applied_end_lsn, confirmed_upto))::text from " + Catalog.OWN_SCHEMA + ".progress";

    /// Reads it in the transaction of the target's snapshot.
    static LiveStream read(Connection target) throws SQLException {
        boolean present = "t".equals(Catalog.value(target, PRESENT));
        if (!present || !"t".equals(Catalog.value(target, READABLE))) {
            return new LiveStream(present, Optional.empty());
        }
        return new LiveStream(
                true, Optional.ofNullable(Catalog.value(target, APPLIED)).map(Lsn::parse));
    }
}
