package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.List;
import org.pgmigrator.core.copy.TargetContents;
import org.pgmigrator.core.postgres.Catalog;

/// Whether the restore finds room: nothing of what it creates may exist on the target yet.
final class TargetContentCheck {

    /// More than a finding shows, so that it can say that there are more.
    private static final int NAMES = 1_000;

    private TargetContentCheck() {}

    static List<Check<TargetView>> all() {
        return List.of(
                new Check<>("target-empty", TargetContentCheck::empty),
                new Check<>("target-locks", TargetContentCheck::locks));
    }

    private static void empty(TargetView view, Findings findings) throws SQLException {
        if (view.request().resume()) {
            findings.ok("The target holds what the stopped migration has restored.");
            return;
        }
        TargetContents contents =
                TargetContents.read(view.connection(), view.request().filter());
        if (contents.isEmpty()) {
            findings.ok("The target database " + view.server().quotedDatabase() + " has room for what is restored.");
        } else if (view.request().copy().dropTargetFirst()) {
            findings.warning(
                    "The target is not empty: --drop-target-first removes what is there.",
                    String.join("; ", contents.plan()) + ".");
        } else {
            findings.error(
                    "The target database " + view.server().quotedDatabase() + " is not empty: "
                            + Words.list(contents.names(NAMES)) + ".",
                    "The restore creates objects of these names, and would mix the source's rows with what is there.",
                    "Name an empty database in --target, for example one made by: CREATE DATABASE ... TEMPLATE"
                            + " template0",
                    "Or let pg-migrator empty it first: --drop-target-first.");
        }
    }

    private static final String RELATIONS = """
            select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where %s or n.nspname = 'pg_toast' and c.oid >= 16384
            """.formatted(Catalog.USER_SCHEMA);

    /// Emptying the target is one transaction, which locks every relation, index and TOAST table at once.
    private static void locks(TargetView view, Findings findings) throws SQLException {
        if (!view.request().copy().dropTargetFirst() || view.request().resume()) {
            return;
        }
        long backends = SourceCapacityChecks.backends(view.connection());
        long capacity = SourceCapacityChecks.lockCapacity(view.connection());
        long needed = Query.number(view.connection(), RELATIONS);
        if (needed <= capacity * 7 / 10) {
            findings.ok(
                    "The target's lock table takes " + capacity + " locks; emptying it needs about " + needed + ".");
            return;
        }
        findings.warning(
                "The target's lock table takes about " + capacity + " locks, and emptying the target needs about "
                        + needed + ".",
                "--drop-target-first drops everything in one transaction, which fails when the lock table is full.",
                "ALTER SYSTEM SET max_locks_per_transaction = " + (needed * 2 / backends + 1) + ";",
                "Restart the target's server: max_locks_per_transaction changes only then.",
                "Or name an empty database in --target.");
    }
}
