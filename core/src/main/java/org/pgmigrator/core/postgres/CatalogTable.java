package org.pgmigrator.core.postgres;

import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;

/// A table as the catalogue describes it at one moment: an ordinary table, a partition, or a partitioned table.
///
/// @param oid             `pg_class.oid`
/// @param relfilenode     the file that holds its rows; changes when the table is rewritten; 0 for a partitioned table
/// @param parent          the direct parent of a partition or of an inheritance child
/// @param partitionRoot   the topmost partitioned table, for a partition
/// @param identity        what `relreplident` declares
/// @param identityIndex   the index that identifies rows by the server's own rule; empty if there is none
/// @param columns         its live columns in their order
/// @param bytes           `pg_table_size`, an estimate of the work to copy it
/// @param rows            the planner's estimate of rows, -1 if never analysed
/// Source: https://www.postgresql.org/docs/current/catalog-pg-class.html
public record CatalogTable(
        long oid,
        QualifiedName name,
        boolean partitioned,
        boolean unlogged,
        boolean ofExtension,
        long relfilenode,
        Optional<QualifiedName> parent,
        Optional<QualifiedName> partitionRoot,
        Identity identity,
        Optional<IdentityIndex> identityIndex,
        List<CatalogColumn> columns,
        long bytes,
        long rows) {

    public CatalogTable {
        columns = List.copyOf(columns);
    }

    /// The name by which a filter decides: a partition goes with its root.
    public QualifiedName decidingName() {
        return partitionRoot.orElse(name);
    }

    /// Whether a migration with this filter carries it. What belongs to an extension comes with the extension.
    public boolean isCarriedBy(FilterConfig filter) {
        return !ofExtension && filter.carries(decidingName());
    }

    public boolean isPartition() {
        return partitionRoot.isPresent();
    }

    /// Whether the stream can carry UPDATE and DELETE of this table: the source would refuse them otherwise.
    public boolean hasUsableIdentity() {
        return switch (identity) {
            case FULL -> true;
            case DEFAULT, INDEX ->
                identityIndex.isPresent() && !identityIndex.get().hasGeneratedColumn();
            case NOTHING -> false;
        };
    }

    /// `pg_class.relreplident`.
    public enum Identity {
        DEFAULT("DEFAULT"),
        NOTHING("NOTHING"),
        FULL("FULL"),
        INDEX("USING INDEX");

        private final String sql;

        Identity(String sql) {
            this.sql = sql;
        }

        /// The words after `REPLICA IDENTITY`; [#INDEX] needs the index's name behind them.
        public String sql() {
            return sql;
        }

        static Identity of(String relreplident) {
            return switch (relreplident) {
                case "d" -> DEFAULT;
                case "n" -> NOTHING;
                case "f" -> FULL;
                case "i" -> INDEX;
                default -> throw new IllegalArgumentException("relreplident " + relreplident);
            };
        }
    }

    /// A unique, immediate, valid index without predicate on NOT NULL columns.
    ///
    /// @param hasGeneratedColumn one of its columns is generated, and so absent from the stream
    public record IdentityIndex(String name, List<String> columns, boolean hasGeneratedColumn) {
        public IdentityIndex {
            columns = List.copyOf(columns);
        }
    }

    /// One column.
    ///
    /// @param type      as `format_type` prints it
    /// @param generated computed from other columns (stored or virtual)
    /// @param identity  the kind of identity column, if it is one
    public record CatalogColumn(
            int number, String name, String type, boolean notNull, boolean generated, ColumnIdentity identity) {}

    /// `pg_attribute.attidentity`.
    public enum ColumnIdentity {
        NONE,
        ALWAYS,
        BY_DEFAULT
    }
}
