package org.pgmigrator.core.uncarried;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Which versions of rows the catalogues of large objects consist of, summed up in buckets of large objects.
///
/// Every change of a large object leaves rows with the number of its transaction (`xmin`) in a place (`ctid`) of their
/// own, and every deletion removes rows. Where count and sum of a bucket are as they were, nothing has changed there,
/// but for a coincidence of 64-bit hashes. One pass over `pg_largeobject` tells, without looking into the pages. A
/// rewrite of the catalogue (VACUUM FULL) makes everything look changed, never the other way round.
///
/// Source: https://www.postgresql.org/docs/current/ddl-system-columns.html
final class LargeObjectVersions {

    /// Consecutive OIDs fall into different buckets. A change makes all of its bucket be compared, so they are many;
    /// each is a row of the answer, so they are not more.
    static final int BUCKETS = 16_384;

    private static final String VERSIONS = """
            select bucket, sum(rows)::int8, sum(hash) from (
                select (oid::int8 & %1$d) as bucket, count(*) as rows,
                       sum(hashtidextended(ctid, xmin::text::int8)::numeric) as hash
                from pg_catalog.pg_largeobject_metadata group by 1
                union all
                select (loid::int8 & %1$d), count(*), sum(hashtidextended(ctid, xmin::text::int8)::numeric)
                from pg_catalog.pg_largeobject group by 1) parts
            group by bucket
            """.formatted(BUCKETS - 1);

    private final long[] rows = new long[BUCKETS];
    private final long[] hashes = new long[BUCKETS];

    private LargeObjectVersions() {}

    /// Reads them in the caller's transaction.
    static LargeObjectVersions read(Connection connection) throws SQLException {
        LargeObjectVersions versions = new LargeObjectVersions();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(VERSIONS)) {
            while (row.next()) {
                versions.rows[row.getInt(1)] = row.getLong(2);
                versions.hashes[row.getInt(1)] =
                        row.getBigDecimal(3).toBigInteger().longValue();
            }
        }
        return versions;
    }

    /// The buckets that are not as they were, in ascending order.
    List<Integer> changedSince(LargeObjectVersions earlier) {
        List<Integer> changed = new ArrayList<>();
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            if (rows[bucket] != earlier.rows[bucket] || hashes[bucket] != earlier.hashes[bucket]) {
                changed.add(bucket);
            }
        }
        return changed;
    }

    boolean isEmpty() {
        return Arrays.stream(rows).allMatch(count -> count == 0);
    }
}
