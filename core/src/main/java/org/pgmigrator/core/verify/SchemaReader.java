package org.pgmigrator.core.verify;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.validate.CarriedSchemas;
import org.pgmigrator.core.validate.CarriedSequences;

/// Reads the definitions of one side that a filter carries, in the caller's transaction.
final class SchemaReader {

    /// The columns before the properties.
    private static final int FIXED = 6;

    private final Connection connection;
    private final FilterConfig filter;

    SchemaReader(Connection connection, FilterConfig filter) {
        this.connection = connection;
        this.filter = filter;
    }

    List<SchemaPart> read() throws SQLException {
        List<SchemaPart> parts = new ArrayList<>();
        for (String query : SchemaQueries.OF_RELATIONS) {
            read(query, this::carriesRelation, parts);
        }
        Set<QualifiedName> sequences = sequences();
        read(SchemaQueries.OF_SEQUENCES, row -> sequences.contains(row.decidedBy()), parts);
        for (String query : SchemaQueries.OF_SCHEMAS) {
            read(query, row -> CarriedSchemas.carries(filter, row.schema()), parts);
        }
        if (!CarriedSchemas.hasIncludes(filter)) {
            for (String query : SchemaQueries.OF_DATABASE) {
                read(query, row -> true, parts);
            }
        }
        return parts;
    }

    /// A row before the filter.
    ///
    /// @param decidedBy the name by which a filter decides
    private record Row(String schema, QualifiedName decidedBy, Map<String, String> hidden, SchemaPart part) {}

    /// A foreign key to a table that is not carried cannot exist on the target.
    private boolean carriesRelation(Row row) {
        String schema = row.hidden().getOrDefault("_schema", "");
        String name = row.hidden().getOrDefault("_name", "");
        boolean possible = name.isEmpty() || filter.carries(new QualifiedName(schema, name));
        return possible && filter.carries(row.decidedBy());
    }

    private Set<QualifiedName> sequences() throws SQLException {
        return Set.copyOf(CarriedSequences.read(
                connection,
                filter,
                Catalog.tables(connection).stream()
                        .filter(table -> table.isCarriedBy(filter))
                        .toList()));
    }

    private void read(String query, Predicate<Row> carried, List<SchemaPart> parts) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(query)) {
            ResultSetMetaData labels = result.getMetaData();
            while (result.next()) {
                Row row = row(result, labels);
                if (carried.test(row)) {
                    parts.add(row.part());
                }
            }
        }
    }

    private static Row row(ResultSet result, ResultSetMetaData labels) throws SQLException {
        Map<String, String> properties = new LinkedHashMap<>();
        Map<String, String> hidden = new LinkedHashMap<>();
        for (int i = FIXED + 1; i <= labels.getColumnCount(); i++) {
            String value = result.getString(i);
            String label = labels.getColumnLabel(i);
            (label.startsWith("_") ? hidden : properties).put(label, value == null ? "" : value);
        }
        return new Row(
                result.getString(2),
                new QualifiedName(result.getString(4), result.getString(5)),
                hidden,
                new SchemaPart(result.getString(1) + " " + result.getString(3), result.getString(6), properties));
    }
}
