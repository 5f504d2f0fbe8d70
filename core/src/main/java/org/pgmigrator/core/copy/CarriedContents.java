package org.pgmigrator.core.copy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.copy.TableOfContents.Origin;

/// What of the source is to be copied, and what pg_dump and pg_restore must be told so that they copy just that.
///
/// @param serverMajor   the source's major version
/// @param schemas       the source's schemas, by the entry that creates each
/// @param dumpFilters   pg_dump's options for it; without a filter only pg-migrator's own schema is left out
/// @param leftOut       entries of the dump that must not be restored: our publications, foreign keys to tables that
/// are
///     not carried
/// @param tableBytes    the size of each carried table that has rows of its own, by its oid
/// @param tableNames    their names
/// @param indexBytes    the size of each index, by the entry that builds it
/// @param warnings      what the filter means beyond what it says, one sentence each
record CarriedContents(
        int serverMajor,
        Map<Origin, String> schemas,
        List<String> dumpFilters,
        Set<Origin> leftOut,
        Map<Long, Long> tableBytes,
        Map<Long, QualifiedName> tableNames,
        Map<Origin, Long> indexBytes,
        List<String> warnings) {

    CarriedContents {
        schemas = Map.copyOf(schemas);
        dumpFilters = List.copyOf(dumpFilters);
        leftOut = Set.copyOf(leftOut);
        tableBytes = Map.copyOf(tableBytes);
        tableNames = Map.copyOf(tableNames);
        indexBytes = Map.copyOf(indexBytes);
        warnings = List.copyOf(warnings);
    }

    long totalTableBytes() {
        return tableBytes.values().stream().mapToLong(Long::longValue).sum();
    }

    /// A relation of the source as the filter sees it.
    ///
    /// @param kind   `pg_class.relkind`
    /// @param root   the topmost partitioned table, for a partition
    /// @param owners for a sequence, the tables it belongs to (serial and identity columns)
    /// @param users  for a sequence, the tables whose defaults draw from it
    record Relation(
            long oid,
            QualifiedName name,
            char kind,
            Optional<QualifiedName> root,
            List<Long> owners,
            List<Long> users,
            long bytes) {

        Relation {
            owners = List.copyOf(owners);
            users = List.copyOf(users);
        }

        boolean isSequence() {
            return kind == 'S';
        }

        /// The name that decides: a partition goes with its root.
        QualifiedName decidingName() {
            return root.orElse(name);
        }
    }

    /// A foreign key between two tables.
    record ForeignKey(long oid, String name, long table, long referenced) {}
}
