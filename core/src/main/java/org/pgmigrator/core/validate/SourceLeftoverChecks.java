package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.ReplicationConfig;
import org.pgmigrator.core.postgres.Catalog;

/// What an earlier run, or somebody else, has left under the names that this migration will use on the source.
final class SourceLeftoverChecks {

    private SourceLeftoverChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("slot-name", SourceLeftoverChecks::slot),
                new Check<>("publication-name", SourceLeftoverChecks::publications),
                new Check<>("source-own-schema", SourceLeftoverChecks::ownSchema));
    }

    private record Slot(String description, Optional<Integer> activePid, boolean fits, boolean lost) {}

    private static final String SLOT = """
            select coalesce(plugin, 'physical') || case when database is null then '' else ', database ' || database end,
                   active_pid, plugin = 'pgoutput' and database = current_database() and not temporary,
                   coalesce(wal_status, '') = 'lost'
            from pg_replication_slots where slot_name = ?
            """;

    private static void slot(SourceView view, Findings findings) throws SQLException {
        if (!view.online()) {
            return;
        }
        String name = view.request().replication().slotName();
        List<Slot> found = Query.list(
                view.connection(),
                SLOT,
                row -> new Slot(
                        row.getString(1),
                        Optional.ofNullable(row.getObject(2, Integer.class)),
                        row.getBoolean(3),
                        row.getBoolean(4)),
                name);
        if (found.isEmpty()) {
            findings.ok("The slot name " + name + " is free.");
        } else if (view.request().resume()) {
            resumedSlot(name, found.getFirst(), findings);
        } else {
            Slot slot = found.getFirst();
            findings.error(
                    "The replication slot " + name + " exists already on the source (" + slot.description()
                            + slot.activePid()
                                    .map(pid -> ", in use by pid " + pid)
                                    .orElse("") + ").",
                    "It was left by an earlier run, or belongs to somebody else.",
                    slot.activePid()
                            .map(pid -> "Stop its consumer (pid " + pid + "), then drop it.")
                            .orElse(
                                    "If nobody will come back for it, drop it; until then the source keeps WAL for it."),
                    "SELECT pg_drop_replication_slot(" + Words.literal(name) + ");",
                    "Or go on with that migration (--resume), or use another --slot-name.");
        }
    }

    private static void resumedSlot(String name, Slot slot, Findings findings) {
        if (!slot.fits()) {
            findings.error(
                    "The replication slot " + name + " is not one of this database and of pgoutput ("
                            + slot.description() + ").",
                    "--resume goes on with the slot that the stopped migration has made.",
                    "Name that slot with --slot-name.");
        } else if (slot.lost()) {
            findings.error(
                    "The replication slot " + name + " is lost: the source has removed WAL that it needs.",
                    "Its wal_status is lost; changes are missing that cannot be had any more.",
                    "Drop the slot and start the migration again, with a new copy: SELECT pg_drop_replication_slot("
                            + Words.literal(name) + ")");
        } else if (slot.activePid().isPresent()) {
            findings.warning(
                    "The replication slot " + name + " is in use by pid "
                            + slot.activePid().get() + ".",
                    "Another process reads it, or the server has not noticed yet that the last one is gone.",
                    "Stop the other pg-migrator; the session of one that is gone ends with wal_sender_timeout.");
        } else {
            findings.ok("The replication slot " + name + " of the stopped migration is there.");
        }
    }

    private static void publications(SourceView view, Findings findings) throws SQLException {
        if (!view.online()) {
            return;
        }
        ReplicationConfig replication = view.request().replication();
        List<String> names = replication.publication().isPresent()
                ? List.of(replication.insertOnlyPublication())
                : List.of(replication.ownPublication(), replication.insertOnlyPublication());
        List<String> taken = Query.strings(
                view.connection(),
                "select pubname from pg_publication where pubname = any(?) order by 1",
                view.connection().createArrayOf("text", names.toArray()));
        if (taken.isEmpty()) {
            findings.ok("The publication names " + Words.list(names) + " are free.");
        } else if (view.request().resume()) {
            findings.ok("Of the stopped migration there is " + Words.list(taken) + ".");
        } else {
            findings.error(
                    "In the source database the publication " + Words.list(taken) + " exists already.",
                    "It was left by an earlier run, or belongs to somebody else; pg-migrator would create it anew.",
                    Stream.concat(
                                    taken.stream().map(name -> "DROP PUBLICATION " + QualifiedName.quote(name) + ";"),
                                    Stream.of("Or go on with that migration (--resume), or use another --slot-name."))
                            .toList());
        }
    }

    private static void ownSchema(SourceView view, Findings findings) throws SQLException {
        if (Query.truth(
                view.connection(), "select exists (select from pg_namespace where nspname = ?)", Catalog.OWN_SCHEMA)) {
            findings.warning(
                    "The source database has a schema " + Catalog.OWN_SCHEMA + ", which is not carried.",
                    "pg-migrator keeps its own state under that name: this database was once a target.",
                    "DROP SCHEMA " + Catalog.OWN_SCHEMA + " CASCADE;");
        }
    }
}
