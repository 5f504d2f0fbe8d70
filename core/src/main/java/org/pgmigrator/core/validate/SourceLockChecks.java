package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.config.SourceLockConfig.Mode;
import org.pgmigrator.core.postgres.Catalog;

/// Whether the source can be locked at the cutover, and closed at its end, and what goes past that.
final class SourceLockChecks {

    /// MAINTAIN gives the right to lock, and to nothing that a table holds.
    private static final int MAINTAIN_SINCE = 17;

    /// Locks of the lock session beside those on the tables: on catalogues, while the fence is made.
    private static final long OTHER_LOCKS = 50;

    private static final String ALTERNATIVE =
            "Or use --source-lock read-only, which needs none of this and does not protect from every late write.";

    private SourceLockChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("source-fence", SourceLockChecks::fence),
                new Check<>("source-lock", SourceLockChecks::promise),
                new Check<>("source-lock-capacity", SourceLockChecks::capacity),
                new Check<>("source-lock-privilege", SourceLockChecks::lockPrivilege),
                new Check<>("source-fence-privilege", SourceLockChecks::fencePrivilege),
                new Check<>("source-lock-blockers", SourceLockChecks::blockers),
                new Check<>("source-fence-bypass", SourceLockChecks::bypass));
    }

    private static boolean isAsked(SourceView view, Mode mode) {
        return view.online() && view.request().sourceLock().equals(Optional.of(mode));
    }

    /// A dump would carry the triggers of an old fence to the target, which would refuse writes.
    private static void fence(SourceView view, Findings findings) throws SQLException {
        boolean there = Query.truth(
                view.connection(), "select exists (select from pg_namespace where nspname = ?)", Catalog.FENCE_SCHEMA);
        if (!there || view.request().resume()) {
            findings.ok("The source is not closed by an earlier cutover.");
            return;
        }
        findings.error(
                "The source has a fence of an earlier cutover (schema " + Catalog.FENCE_SCHEMA + ").",
                "Its tables refuse writes since the database was moved from here, or what is left of that was not"
                        + " removed.",
                "If this is the database that is in use, remove the fence:",
                "DROP SCHEMA " + Catalog.FENCE_SCHEMA + " CASCADE;");
    }

    private static final String OWNS_DATABASE =
            "select pg_has_role(datdba, 'usage') from pg_database where datname = current_database()";

    private static final String MAY_SIGNAL = """
            select rolsuper or pg_has_role('pg_signal_backend', 'usage') from pg_roles where rolname = current_user
            """;

    /// What the chosen way promises, and for READ_ONLY what it needs.
    private static void promise(SourceView view, Findings findings) throws SQLException {
        Optional<Mode> mode = view.request().sourceLock();
        if (!view.online() || mode.isEmpty()) {
            return;
        }
        switch (mode.get()) {
            case TABLES -> findings.ok(mode.get().protects() + " " + mode.get().doesNotProtect());
            case NONE ->
                findings.warning(
                        "The source is not locked at the cutover (--source-lock none).",
                        mode.get().doesNotProtect(),
                        "Stop every writer before the cutover, or use --source-lock tables.");
            case READ_ONLY -> readOnly(view, findings);
        }
    }

    private static void readOnly(SourceView view, Findings findings) throws SQLException {
        String role = view.server().quotedRole();
        findings.warning(
                "The source's tables are not locked at the cutover (--source-lock read-only).",
                Mode.READ_ONLY.protects() + " " + Mode.READ_ONLY.doesNotProtect(),
                "Stop every writer before the cutover, or use --source-lock tables.");
        if (!view.server().superuser() && !Query.truth(view.connection(), OWNS_DATABASE)) {
            findings.error(
                    "The role " + role + " may not make the source's database read-only.",
                    "ALTER DATABASE ... SET needs the database's owner.",
                    "GRANT the role of the database's owner to " + role + ".");
        }
        if (!Query.truth(view.connection(), MAY_SIGNAL)) {
            findings.warning(
                    "The role " + role + " may end sessions of its own role alone.",
                    "Sessions of others, which are not read-only by a default that came later, go on.",
                    "GRANT pg_signal_backend TO " + role + ";");
        }
    }

    private static void capacity(SourceView view, Findings findings) throws SQLException {
        if (!isAsked(view, Mode.TABLES)) {
            return;
        }
        long capacity = SourceCapacityChecks.lockCapacity(view.connection());
        long needed = view.plan().carried().size() + OTHER_LOCKS;
        if (needed <= capacity * 7 / 10) {
            findings.ok(
                    "The source's lock table takes " + capacity + " locks; the cutover needs about " + needed + ".");
            return;
        }
        String what = "The source's lock table takes about " + capacity + " locks, and locking "
                + Words.count(view.plan().carried().size(), "table") + " at the cutover needs about " + needed + ".";
        String why = "The lock holds one lock on each table at once; the application's locks come on top.";
        List<String> remedy = List.of(
                "ALTER SYSTEM SET max_locks_per_transaction = "
                        + (needed * 2 / SourceCapacityChecks.backends(view.connection()) + 1) + ";",
                "Restart the source's server: max_locks_per_transaction changes only then.",
                ALTERNATIVE);
        findings.errorUnless(needed <= capacity, what, why, remedy);
    }

    private record Denied(QualifiedName table, boolean schemaClosed) {}

    private static final String WITHOUT_PRIVILEGE = """
            select n.nspname, c.relname, not has_schema_privilege(n.oid, 'USAGE')
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.oid = any(?)
              and not (has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, ?))
            order by 1, 2
            """;

    private static List<Denied> denied(SourceView view, String anyOf) throws SQLException {
        return Query.list(
                view.connection(),
                WITHOUT_PRIVILEGE,
                row -> new Denied(new QualifiedName(row.getString(1), row.getString(2)), row.getBoolean(3)),
                Query.oids(view.connection(), view.plan().carried()),
                anyOf);
    }

    private static List<String> grants(List<Denied> denied, String privilege, String role) {
        List<String> grants = new ArrayList<>();
        denied.stream()
                .filter(Denied::schemaClosed)
                .map(table -> table.table().schema())
                .distinct()
                .forEach(schema ->
                        grants.add("GRANT USAGE ON SCHEMA " + QualifiedName.quote(schema) + " TO " + role + ";"));
        denied.forEach(table ->
                grants.add("GRANT " + privilege + " ON " + table.table().quoted() + " TO " + role + ";"));
        return grants;
    }

    private static void lockPrivilege(SourceView view, Findings findings) throws SQLException {
        if (!isAsked(view, Mode.TABLES)) {
            return;
        }
        boolean maintain = view.major() >= MAINTAIN_SINCE;
        String role = view.server().quotedRole();
        List<Denied> denied = denied(view, "UPDATE, DELETE, TRUNCATE" + (maintain ? ", MAINTAIN" : ""));
        if (denied.isEmpty()) {
            findings.ok("The role " + role + " may lock the carried tables.");
            return;
        }
        List<String> remedy = new ArrayList<>(grants(denied, maintain ? "MAINTAIN" : "UPDATE", role));
        remedy.add(ALTERNATIVE);
        findings.error(
                "The role " + role + " may not lock " + Words.count(denied.size(), "table") + " against writes: "
                        + Words.list(denied.stream().map(Denied::table).toList()) + ".",
                "LOCK TABLE ... IN EXCLUSIVE MODE needs UPDATE, DELETE or TRUNCATE" + (maintain ? " or MAINTAIN" : "")
                        + " on each table, partitions and children included.",
                remedy);
    }

    private static void fencePrivilege(SourceView view, Findings findings) throws SQLException {
        if (!isAsked(view, Mode.TABLES)) {
            return;
        }
        String role = view.server().quotedRole();
        if (!Query.truth(view.connection(), "select has_database_privilege(current_database(), 'CREATE')")) {
            findings.error(
                    "The role " + role + " may not create the fence's schema on the source.",
                    "The trigger that closes the tables at the end calls a function in a schema of its own.",
                    "GRANT CREATE ON DATABASE " + view.server().quotedDatabase() + " TO " + role + ";",
                    ALTERNATIVE);
        }
        if (!Query.truth(
                view.connection(),
                "select coalesce((select has_language_privilege(oid, 'USAGE') from pg_language"
                        + " where lanname = 'plpgsql'), false)")) {
            findings.error(
                    "The role " + role + " may not use the language plpgsql on the source.",
                    "The lock and the fence are written in it.",
                    "GRANT USAGE ON LANGUAGE plpgsql TO " + role + ";",
                    ALTERNATIVE);
        }
        List<Denied> denied = denied(view, "TRIGGER");
        if (!denied.isEmpty()) {
            List<String> remedy = new ArrayList<>(grants(denied, "TRIGGER", role));
            remedy.add(ALTERNATIVE);
            findings.error(
                    "The role " + role + " may not create triggers on " + Words.count(denied.size(), "table") + ": "
                            + Words.list(denied.stream().map(Denied::table).toList()) + ".",
                    "The source is closed by a trigger on each carried table.",
                    remedy);
        }
        if (findings.isEmpty()) {
            findings.ok("The role " + role + " may close the carried tables by triggers.");
        }
    }

    private static final String LASTING_BLOCKERS = """
            select format('prepared transaction "%s" of %s', p.gid, p.owner) from pg_prepared_xacts p
            where p.database = current_database()
            union all
            select format('pid %s (%s)', a.pid, a.query) from pg_stat_activity a
            where a.datname = current_database() and a.backend_type = 'autovacuum worker'
              and a.query like '%(to prevent wraparound)%'
            union all
            select format('pid %s (%s)', i.pid, i.command) from pg_stat_progress_create_index i
            where i.datname = current_database() and i.command like '%CONCURRENTLY'
            order by 1
            """;

    /// What holds tables for long and does not yield.
    private static void blockers(SourceView view, Findings findings) throws SQLException {
        if (!isAsked(view, Mode.TABLES)) {
            return;
        }
        List<String> blockers = Query.strings(view.connection(), LASTING_BLOCKERS);
        if (blockers.isEmpty()) {
            findings.ok("Nothing that never yields holds a table now.");
            return;
        }
        findings.warning(
                "While these are there, the source cannot be locked: " + Words.list(blockers) + ".",
                "They hold locks on tables for long, and pg-migrator does not end them.",
                "Before the cutover, let them end; commit or roll back prepared transactions.");
    }

    private static final String SUBSCRIPTIONS = """
            select 'subscription ' || s.subname from pg_subscription s join pg_database d on d.oid = s.subdbid
            where d.datname = current_database() and s.subenabled order by 1
            """;

    /// A superuser closes the source as replica, for which those alone fire that always do.
    private static final String EVENT_TRIGGERS = """
            select evtname from pg_event_trigger
            where evtenabled in ('A', case when ? then 'A' else 'O' end)
              and evtevent in ('ddl_command_start', 'ddl_command_end')
              and (evttags is null or evttags && array['CREATE SCHEMA', 'CREATE FUNCTION', 'CREATE TRIGGER', 'COMMENT'])
            order by 1
            """;

    private static void bypass(SourceView view, Findings findings) throws SQLException {
        if (!isAsked(view, Mode.TABLES)) {
            return;
        }
        List<String> past = new ArrayList<>(Query.strings(view.connection(), SUBSCRIPTIONS));
        long largeObjects = Query.number(view.connection(), "select count(*) from pg_largeobject_metadata");
        if (largeObjects > 0) {
            past.add("writers of " + Words.count(largeObjects, "large object"));
        }
        if (!past.isEmpty()) {
            findings.warning(
                    "These can write to the source after it is closed: " + Words.list(past) + ".",
                    "Triggers do not fire for the replica role of a subscription, and large objects have none"
                            + (view.server().superuser() ? "." : "; nor can this role lock these."),
                    "Disable the subscriptions (ALTER SUBSCRIPTION ... DISABLE), and stop what writes large objects,"
                            + " before the cutover.");
        }
        List<String> eventTriggers =
                Query.strings(view.connection(), EVENT_TRIGGERS, view.server().superuser());
        if (!eventTriggers.isEmpty()) {
            findings.warning(
                    "Event triggers of the source will fire when it is closed: " + Words.list(eventTriggers) + ".",
                    "If one of them writes to a table, the cutover is given up: that row would be missing on the target.",
                    eventTriggers.stream()
                            .map(name -> "ALTER EVENT TRIGGER " + QualifiedName.quote(name) + " DISABLE;")
                            .toList());
        }
        if (findings.isEmpty()) {
            findings.ok("Nothing on the source is known to go past its lock.");
        }
    }
}
