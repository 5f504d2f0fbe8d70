package org.pgmigrator.core.uncarried;

import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// Reads large objects of one side, in the caller's transaction: which there are, and what they hold and who may what.
///
/// Everything is read from the catalogues' tables: the functions for large objects (`lo_get`) would wait for the lock
/// that the cutover itself holds.
final class LargeObjectStates {

    private static final String OIDS = """
            select oid::int8 from pg_catalog.pg_largeobject_metadata
            where oid > ?::oid and (?::int4[] is null or (oid::int8 & %d)::int4 = any (?::int4[]))
            order by oid limit ?
            """.formatted(LargeObjectVersions.BUCKETS - 1);

    private static final String METADATA = """
            select m.oid::int8, pg_get_userbyid(m.lomowner),
                   array(select x.privilege_type || case when x.is_grantable then '+' else '-' end
                                || case when x.grantee = 0 then '' else pg_get_userbyid(x.grantee) end
                         from aclexplode(m.lomacl) x where x.grantee <> m.lomowner order by 1)
            from pg_catalog.pg_largeobject_metadata m where m.oid = any (?::oid[])
            """;

    /// A page that is missing, and one that ends early, read as zeros: zeros at a page's end do not count. Each page
    /// is hashed with its number, twice with different seeds.
    private static final String CONTENTS = """
            select loid::int8, (pageno >> %d), max(pageno::int8 * ? + octet_length(data)),
                   coalesce(sum(hashtextextended(digest, pageno)::numeric) filter (where digest is not null), 0),
                   coalesce(sum(hashtextextended(digest, -1 - pageno::int8)::numeric)
                            filter (where digest is not null), 0),
                   count(digest)
            from (select loid, pageno, data,
                         case when octet_length(rtrim(data, '\\x00'::bytea)) > 0
                              then encode(sha256(rtrim(data, '\\x00'::bytea)), 'hex') end collate "C" as digest
                  from pg_catalog.pg_largeobject where loid = any (?::oid[])) pages
            group by 1, 2
            """.formatted(LargeObject.RANGE_PAGES_LOG2);

    private LargeObjectStates() {}

    /// The next large objects in ascending order.
    ///
    /// @param after   an OID
    /// @param buckets the buckets they are in; all if there are as many as can be
    static List<Long> oids(Connection connection, long after, List<Integer> buckets, int limit) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(OIDS)) {
            Array wanted = buckets.size() == LargeObjectVersions.BUCKETS
                    ? null
                    : connection.createArrayOf("int4", buckets.toArray());
            statement.setLong(1, after);
            statement.setArray(2, wanted);
            statement.setArray(3, wanted);
            statement.setInt(4, limit);
            List<Long> oids = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    oids.add(row.getLong(1));
                }
            }
            return oids;
        }
    }

    /// Those of `oids` that exist.
    ///
    /// @param pageBytes how long a page of this server's large objects is
    static SortedMap<Long, LargeObject> read(Connection connection, Collection<Long> oids, int pageBytes)
            throws SQLException {
        SortedMap<Long, LargeObject> objects = new TreeMap<>();
        Array wanted = connection.createArrayOf("oid", oids.toArray());
        try (PreparedStatement statement = connection.prepareStatement(METADATA)) {
            statement.setArray(1, wanted);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    objects.put(row.getLong(1), new LargeObject(row.getLong(1), row.getString(2), List.of((String[])
                            row.getArray(3).getArray())));
                }
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(CONTENTS)) {
            statement.setInt(1, pageBytes);
            statement.setArray(2, wanted);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    LargeObject object = objects.get(row.getLong(1));
                    if (object != null) {
                        object.add(row.getInt(2), row.getLong(3), range(row));
                    }
                }
            }
        }
        return objects;
    }

    private static LargeObject.Range range(ResultSet row) throws SQLException {
        BigDecimal first = row.getBigDecimal(4);
        BigDecimal second = row.getBigDecimal(5);
        return new LargeObject.Range(
                row.getInt(6),
                first.toBigInteger().longValue(),
                second.toBigInteger().longValue());
    }
}
