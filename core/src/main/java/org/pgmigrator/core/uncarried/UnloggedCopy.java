package org.pgmigrator.core.uncarried;

import java.util.List;
import java.util.stream.Collectors;
import org.pgmigrator.core.config.QualifiedName;

/// How one unlogged table is copied again. The same name on both sides; a partition or an inheritance parent without
/// those below it.
///
/// @param columns    all but generated ones, in the source's order
/// @param binary     whether both servers read the same binary form of all of them
/// @param referenced whether a foreign key of another table of the target points to it: TRUNCATE would be refused, or
///                   empty that table too
/// @param triggers   of the target's table, that fire for the replica role as well; they must not fire for rows that
///                   they have seen on the source
record UnloggedCopy(
        QualifiedName table, List<String> columns, boolean binary, boolean referenced, List<FiringTrigger> triggers) {

    UnloggedCopy {
        columns = List.copyOf(columns);
        triggers = List.copyOf(triggers);
    }

    /// A trigger that is ENABLE ALWAYS or ENABLE REPLICA.
    record FiringTrigger(String name, boolean always) {
        String disableSql(QualifiedName table) {
            return "ALTER TABLE ONLY " + table.quoted() + " DISABLE TRIGGER " + QualifiedName.quote(name);
        }

        String enableSql(QualifiedName table) {
            return "ALTER TABLE ONLY " + table.quoted() + " ENABLE " + (always ? "ALWAYS" : "REPLICA") + " TRIGGER "
                    + QualifiedName.quote(name);
        }
    }

    /// Never CASCADE: what another table holds is not ours to remove. Deleted rows go by vacuum, later.
    String emptySql() {
        return (referenced ? "DELETE FROM ONLY " : "TRUNCATE ONLY ") + table.quoted();
    }

    String copyOutSql() {
        return "COPY " + target() + " TO STDOUT" + format();
    }

    String copyInSql() {
        return "COPY " + target() + " FROM STDIN" + format();
    }

    /// Without a list where there is no column to name: all that are not generated, which is none.
    private String target() {
        return columns.isEmpty()
                ? table.quoted()
                : table.quoted() + " "
                        + columns.stream().map(QualifiedName::quote).collect(Collectors.joining(", ", "(", ")"));
    }

    private String format() {
        return binary ? " (FORMAT binary)" : "";
    }
}
