package org.pgmigrator.core.postgres;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;

/// What the binary form of a table's columns consists of: equal on two servers, the one reads what the other has sent.
///
/// Source: https://www.postgresql.org/docs/current/catalog-pg-type.html
public final class BinaryForms {

    /// Their binary form is an OID, which means something else on another server.
    private static final Set<String> OIDS = Set.of(
            "regclass",
            "regtype",
            "regproc",
            "regprocedure",
            "regoper",
            "regoperator",
            "regrole",
            "regnamespace",
            "regconfig",
            "regdictionary",
            "regcollation");

    /// The types of the columns, and those that these consist of.
    private static final String TYPES = """
            with recursive used(oid) as (
                select a.atttypid from pg_attribute a
                where a.attrelid = any(?) and a.attnum > 0 and not a.attisdropped
                union
                select part.oid from used
                join pg_type t on t.oid = used.oid
                cross join lateral (
                    select t.typbasetype where t.typtype = 'd'
                    union all select t.typelem where t.typtype = 'b' and t.typcategory = 'A'
                    union all select r.rngsubtype from pg_range r where r.rngtypid = t.oid
                    union all select r.rngtypid from pg_range r where r.rngmultitypid = t.oid
                    union all select a.atttypid from pg_attribute a
                              where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0
                                and not a.attisdropped) part(oid))
            select t.oid::int8, t.typname, t.typtype, n.nspname = 'pg_catalog', t.typcategory = 'A',
                   t.typsend <> 0 and t.typreceive <> 0,
                   array(select e.enumlabel::text from pg_enum e where e.enumtypid = t.oid order by e.enumsortorder),
                   array(select p.oid::int8 from (
                            select t.typbasetype, 0 where t.typtype = 'd'
                            union all select t.typelem, 0 where t.typtype = 'b' and t.typcategory = 'A'
                            union all select r.rngsubtype, 0 from pg_range r where r.rngtypid = t.oid
                            union all select r.rngtypid, 0 from pg_range r where r.rngmultitypid = t.oid
                            union all select a.atttypid, a.attnum from pg_attribute a
                                      where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0
                                        and not a.attisdropped) p(oid, position)
                         order by p.position)
            from used join pg_type t on t.oid = used.oid join pg_namespace n on n.oid = t.typnamespace
            """;

    private static final String COLUMNS = """
            select n.nspname, c.relname, a.attname, a.atttypid::int8, format_type(a.atttypid, a.atttypmod)
            from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
            where a.attrelid = any(?) and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            order by 1, 2, a.attnum
            """;

    private final Map<Long, Type> types = new HashMap<>();
    private final Map<Long, Optional<String>> forms = new HashMap<>();

    private BinaryForms() {}

    /// Where a column is.
    public record Column(QualifiedName table, String name) {
        @Override
        public String toString() {
            return table + "." + QualifiedName.quote(name);
        }
    }

    /// A column's binary form.
    ///
    /// @param type its type for a person
    /// @param form what it consists of; empty if it is not to be sent in binary form
    public record Form(String type, Optional<String> form) {}

    private record Type(
            String name,
            char kind,
            boolean builtIn,
            boolean array,
            boolean sends,
            List<String> labels,
            List<Long> parts) {}

    /// The forms of all columns that can be published, in the tables' order.
    public static Map<Column, Form> read(Connection connection, Collection<CatalogTable> tables) throws SQLException {
        BinaryForms forms = new BinaryForms();
        Array oids = connection.createArrayOf(
                "oid", tables.stream().map(CatalogTable::oid).toArray());
        try (PreparedStatement statement = connection.prepareStatement(TYPES)) {
            statement.setArray(1, oids);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    forms.types.put(
                            row.getLong(1),
                            new Type(
                                    row.getString(2),
                                    row.getString(3).charAt(0),
                                    row.getBoolean(4),
                                    row.getBoolean(5),
                                    row.getBoolean(6),
                                    list(row, 7, String.class),
                                    list(row, 8, Long.class)));
                }
            }
        }
        Map<Column, Form> columns = new LinkedHashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(COLUMNS)) {
            statement.setArray(1, oids);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    columns.put(
                            new Column(new QualifiedName(row.getString(1), row.getString(2)), row.getString(3)),
                            new Form(row.getString(5), forms.form(row.getLong(4))));
                }
            }
        }
        return columns;
    }

    /// Why the binary form of some column that `sent` has may not be read by whoever has the columns `taken`; empty if
    /// there is no such column.
    public static Optional<String> obstacle(Map<Column, Form> sent, Map<Column, Form> taken) {
        return sent.entrySet().stream()
                .flatMap(column -> obstacle(column.getKey(), column.getValue(), taken.get(column.getKey())).stream())
                .findFirst();
    }

    private static Optional<String> obstacle(Column column, Form sent, @Nullable Form taken) {
        if (sent.form().isEmpty()) {
            return Optional.of("column " + column + " has type " + sent.type()
                    + ", whose binary form another server may read differently");
        }
        return taken != null && taken.form().equals(sent.form())
                ? Optional.empty()
                : Optional.of(
                        "column " + column + " has type " + sent.type() + ", which is not the same on the target");
    }

    private static <T> List<T> list(ResultSet row, int column, Class<T> element) throws SQLException {
        List<T> list = new ArrayList<>();
        for (Object value : (Object[]) row.getArray(column).getArray()) {
            list.add(element.cast(value));
        }
        return list;
    }

    private Optional<String> form(long oid) {
        Optional<String> known = forms.get(oid);
        if (known == null) {
            known = Optional.ofNullable(types.get(oid)).flatMap(this::form);
            forms.put(oid, known);
        }
        return known;
    }

    private Optional<String> form(Type type) {
        if (!type.sends()) {
            return Optional.empty();
        }
        List<String> parts = new ArrayList<>();
        for (long part : type.parts()) {
            Optional<String> form = form(part);
            if (form.isEmpty()) {
                return Optional.empty();
            }
            parts.add(form.get());
        }
        return switch (type.kind()) {
            case 'b' -> type.array() ? Optional.of(arrayForm(type, parts)) : base(type);
            // The constraints of a domain were met on the source.
            case 'd' -> Optional.of(parts.getFirst());
            case 'e' -> Optional.of("enum" + type.labels());
            case 'r' -> Optional.of("range of " + parts);
            case 'm' -> Optional.of("multirange of " + parts);
            case 'c' -> Optional.of("row of " + parts);
            default -> Optional.empty();
        };
    }

    private static String arrayForm(Type type, List<String> parts) {
        // int2vector and oidvector are arrays of their own kind.
        return (type.builtIn() && !type.name().startsWith("_") ? type.name() : "array") + " of " + parts;
    }

    /// A base type of an extension may have another form in another version of it.
    private static Optional<String> base(Type type) {
        return type.builtIn() && !OIDS.contains(type.name()) ? Optional.of(type.name()) : Optional.empty();
    }
}
