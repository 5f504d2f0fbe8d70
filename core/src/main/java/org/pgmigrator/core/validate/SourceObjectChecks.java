package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.config.QualifiedName;

/// Objects of the source that behave differently on a target to which changes are applied.
final class SourceObjectChecks {

    private SourceObjectChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("triggers", SourceObjectChecks::triggers),
                new Check<>("event-triggers", SourceObjectChecks::eventTriggers),
                new Check<>("deferrable-constraints", SourceObjectChecks::deferrable),
                new Check<>("source-collation-version", SourceObjectChecks::collationVersion));
    }

    private record Firing(String name, QualifiedName table, boolean rule) {
        String described() {
            return (rule ? "rule " : "trigger ") + name + " on " + table;
        }

        String ordinary() {
            return "ALTER TABLE " + table.quoted() + " ENABLE " + (rule ? "RULE " : "TRIGGER ")
                    + QualifiedName.quote(name) + ";";
        }
    }

    private static final String FIRING = """
            select t.tgname, n.nspname, c.relname, false
            from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
            where t.tgrelid = any(?) and not t.tgisinternal and t.tgenabled in ('A', 'R')
            union all
            select r.rulename, n.nspname, c.relname, true
            from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
            where r.ev_class = any(?) and r.ev_enabled in ('A', 'R')
            order by 2, 3, 1
            """;

    private static void triggers(SourceView view, Findings findings) throws SQLException {
        Object oids = Query.oids(view.connection(), view.plan().carried());
        List<Firing> firing = Query.list(
                view.connection(),
                FIRING,
                row -> new Firing(
                        row.getString(1), new QualifiedName(row.getString(2), row.getString(3)), row.getBoolean(4)),
                oids,
                oids);
        if (!view.online() || firing.isEmpty()) {
            findings.ok("No trigger or rule fires while changes are applied.");
            return;
        }
        List<String> remedy = new ArrayList<>();
        remedy.add("If that is not wanted, make them ordinary for the time of the migration:");
        firing.forEach(trigger -> remedy.add(trigger.ordinary()));
        findings.warning(
                "They are ENABLE ALWAYS or ENABLE REPLICA and will fire on the target for every applied change: "
                        + Words.list(firing.stream().map(Firing::described).toList()) + ".",
                "Changes are applied with session_replication_role = replica. What such a trigger writes has been"
                        + " written by the source's own already, and arrives a second time.",
                remedy);
    }

    private static void eventTriggers(SourceView view, Findings findings) throws SQLException {
        List<String> triggers = Query.strings(
                view.connection(),
                "select evtname from pg_event_trigger t where evtenabled <> 'D' and not exists (select from pg_depend d"
                        + " where d.classid = 'pg_event_trigger'::regclass and d.objid = t.oid and d.deptype = 'e')"
                        + " order by 1");
        if (triggers.isEmpty()) {
            findings.ok("There are no event triggers.");
            return;
        }
        findings.warning(
                "The source has event triggers: " + Words.list(triggers) + ".",
                "They fire when pg-migrator creates its publication, and once restored on the target, too; restoring"
                        + " them needs a superuser there.",
                triggers.stream()
                        .map(name -> "ALTER EVENT TRIGGER " + QualifiedName.quote(name) + " DISABLE;")
                        .toList());
    }

    private static void deferrable(SourceView view, Findings findings) throws SQLException {
        List<String> constraints = Query.list(
                view.connection(),
                "select c.conname, n.nspname, r.relname from pg_constraint c join pg_class r on r.oid = c.conrelid"
                        + " join pg_namespace n on n.oid = r.relnamespace"
                        + " where c.conrelid = any(?) and c.condeferrable and c.contype in ('p', 'u', 'x')"
                        + " order by 2, 3, 1",
                row -> row.getString(1) + " on " + new QualifiedName(row.getString(2), row.getString(3)),
                Query.oids(view.connection(), view.plan().carried()));
        if (view.online() && !constraints.isEmpty()) {
            findings.warning(
                    "Deferrable unique constraints are not enforced on the target while changes are applied: "
                            + Words.list(constraints) + ".",
                    "Their check is a trigger, which session_replication_role = replica switches off. The source"
                            + " enforces them, and its changes arrive in their order.");
        } else {
            findings.ok("There are no deferrable unique constraints to watch.");
        }
    }

    private static void collationVersion(SourceView view, Findings findings) throws SQLException {
        if (view.major() < 15) {
            return;
        }
        List<String> changed = Query.strings(
                view.connection(),
                "select datcollversion || ' when it was made, ' || pg_database_collation_actual_version(oid) || ' now'"
                        + " from pg_database where datname = current_database()"
                        + " and datcollversion <> pg_database_collation_actual_version(oid)");
        if (!changed.isEmpty()) {
            findings.warning(
                    "The collation of the source database has another version than it was made with: "
                            + changed.getFirst() + ".",
                    "Its indexes on text may be in the wrong order; a unique one may have let duplicates in, which the"
                            + " target's would refuse.",
                    "REINDEX DATABASE " + view.server().quotedDatabase() + ";",
                    "ALTER DATABASE " + view.server().quotedDatabase() + " REFRESH COLLATION VERSION;");
        }
    }
}
