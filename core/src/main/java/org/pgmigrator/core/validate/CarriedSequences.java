package org.pgmigrator.core.validate;

import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;

/// Which sequences are carried: one that belongs to a table goes with it, and one that a carried table's default draws
/// from comes along; the filter decides about the rest.
public final class CarriedSequences {

    private static final String SEQUENCES = """
            select n.nspname, c.relname,
                   array(select d.refobjid::int8 from pg_depend d
                         where d.classid = 'pg_class'::regclass and d.objid = c.oid
                           and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')),
                   array(select ad.adrelid::int8 from pg_depend d join pg_attrdef ad on ad.oid = d.objid
                         where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
                           and d.refobjid = c.oid)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind = 'S' and c.relpersistence <> 't' and %s
              and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                              and d.deptype = 'e')
            order by n.nspname collate "C", c.relname collate "C"
            """.formatted(Catalog.USER_SCHEMA);

    private CarriedSequences() {}

    /// @param owners the tables it belongs to: serial and identity columns
    /// @param users  the tables whose defaults draw from it
    private record Sequence(QualifiedName name, List<Long> owners, List<Long> users) {
        boolean isCarried(FilterConfig filter, Set<Long> tables) {
            return owners.stream().anyMatch(tables::contains)
                    || users.stream().anyMatch(tables::contains)
                    || (owners.isEmpty() && filter.carries(name));
        }
    }

    /// The carried ones, sorted by name.
    ///
    /// @param carriedTables every carried table, as the same connection's catalogue has them
    public static List<QualifiedName> read(Connection connection, FilterConfig filter, List<CatalogTable> carriedTables)
            throws SQLException {
        Set<Long> tables = carriedTables.stream().map(CatalogTable::oid).collect(Collectors.toSet());
        return Query.list(connection, SEQUENCES, CarriedSequences::sequence).stream()
                .filter(sequence -> sequence.isCarried(filter, tables))
                .map(Sequence::name)
                .toList();
    }

    private static Sequence sequence(ResultSet row) throws SQLException {
        return new Sequence(
                new QualifiedName(row.getString(1), row.getString(2)), oids(row.getArray(3)), oids(row.getArray(4)));
    }

    private static List<Long> oids(Array array) throws SQLException {
        return Arrays.asList((Long[]) array.getArray());
    }
}
