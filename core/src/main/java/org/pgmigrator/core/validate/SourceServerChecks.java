package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.postgres.SqlState;

/// What the source's server must be and have to spare.
final class SourceServerChecks {

    /// pgoutput knows `messages`, `binary` and `streaming` from here on; the cutover's marker is a message.
    private static final int FIRST_ONLINE_MAJOR = 14;

    /// Generated columns and `pg_partition_root`, which the catalogue is asked for, exist from here on.
    private static final int FIRST_OFFLINE_MAJOR = 12;

    private static final int LAST_TESTED_MAJOR = 18;

    private SourceServerChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("source-version", SourceServerChecks::version),
                new Check<>("source-primary", SourceServerChecks::primary),
                new Check<>("wal-level", SourceServerChecks::walLevel),
                new Check<>("replication-slots", SourceServerChecks::slots),
                new Check<>("walsenders", SourceServerChecks::walsenders),
                new Check<>("replication-privilege", SourceServerChecks::replication));
    }

    /// Whether nothing more can be asked of this server.
    static boolean isTooOld(int major, Findings findings) {
        if (major < FIRST_OFFLINE_MAJOR) {
            findings.error(
                    "The source is PostgreSQL " + major + "; versions before " + FIRST_OFFLINE_MAJOR
                            + " are not supported.",
                    "Its catalogue lacks what the checks ask for.",
                    "Upgrade the source to " + FIRST_OFFLINE_MAJOR + " or later first; an online migration needs "
                            + FIRST_ONLINE_MAJOR + ".");
            return true;
        }
        return false;
    }

    private static void version(SourceView view, Findings findings) {
        int major = view.major();
        if (view.online() && major < FIRST_ONLINE_MAJOR) {
            findings.error(
                    "The source is PostgreSQL " + major + "; an online migration needs 14 or later.",
                    "The stream uses logical messages, which pgoutput sends from version 14 on.",
                    "Run with --mode offline, with the writes of the source stopped.");
        } else if (major > LAST_TESTED_MAJOR) {
            findings.warning(
                    "The source is PostgreSQL " + major + "; pg-migrator was tested up to " + LAST_TESTED_MAJOR + ".",
                    "A later version may have objects that are not known here.");
        } else {
            findings.ok("The source is PostgreSQL " + major + ".");
        }
    }

    private static void primary(SourceView view, Findings findings) {
        if (!view.server().inRecovery()) {
            findings.ok("The source is a primary.");
        } else if (view.online()) {
            findings.error(
                    "The source is a standby (in recovery).",
                    "Publications cannot be created on a standby, and its writes come from elsewhere.",
                    "Name the primary in --source.");
        } else {
            findings.warning(
                    "The source is a standby (in recovery): what it has replayed so far is copied.",
                    "Transactions that the primary has committed since are missing from the copy.",
                    "Name the primary in --source, or make sure that the standby has replayed everything.");
        }
    }

    private static void walLevel(SourceView view, Findings findings) throws SQLException {
        if (!view.online()) {
            findings.ok("wal_level does not matter to an offline migration.");
            return;
        }
        String level = Query.one(view.connection(), "select current_setting('wal_level')", row -> row.getString(1));
        if (level.equals("logical")) {
            findings.ok("wal_level is logical.");
            return;
        }
        boolean restartPending = Query.truth(
                view.connection(),
                "select coalesce(bool_or(pending_restart), false) from pg_settings" + " where name = 'wal_level'");
        List<String> remedy = new ArrayList<>();
        if (!restartPending) {
            remedy.add("ALTER SYSTEM SET wal_level = 'logical';");
        }
        remedy.add("Restart the source's server: wal_level changes only then.");
        remedy.add("On a managed service set its parameter and reboot: rds.logical_replication = 1 (Amazon RDS and"
                + " Aurora), cloudsql.logical_decoding = on (Cloud SQL), alloydb.logical_decoding = on (AlloyDB),"
                + " wal_level = logical (Azure).");
        findings.error(
                "wal_level of the source is " + level + ", not logical."
                        + (restartPending ? " It is set already, but waits for a restart." : ""),
                "Without it the WAL does not hold what logical decoding needs to know about rows.",
                remedy);
    }

    private record Slot(String name, boolean active) {}

    private static void slots(SourceView view, Findings findings) throws SQLException {
        if (!view.online()) {
            findings.ok("An offline migration needs no replication slot.");
            return;
        }
        long configured = Query.number(view.connection(), "select current_setting('max_replication_slots')::bigint");
        List<Slot> slots = Query.list(
                view.connection(),
                "select slot_name, active from pg_replication_slots order by active, slot_name",
                row -> new Slot(row.getString(1), row.getBoolean(2)));
        String ownSlot = view.request().replication().slotName();
        if (view.request().resume()
                && slots.stream().anyMatch(slot -> slot.name().equals(ownSlot))) {
            findings.ok("The replication slot " + ownSlot + " exists already; no free one is needed.");
            return;
        }
        if (slots.size() < configured) {
            findings.ok((configured - slots.size()) + " of " + configured + " replication slots are free.");
            return;
        }
        List<String> remedy = new ArrayList<>();
        remedy.add("ALTER SYSTEM SET max_replication_slots = " + (slots.size() + 4) + ";");
        remedy.add("Restart the source's server: max_replication_slots changes only then.");
        slots.stream()
                .filter(slot -> !slot.active())
                .forEach(slot -> remedy.add("Or, if nobody will come back for the inactive slot: SELECT"
                        + " pg_drop_replication_slot(" + Words.literal(slot.name()) + ")"));
        findings.error(
                "No replication slot is free on the source: " + slots.size() + " of " + configured + " are taken.",
                "In use: "
                        + Words.list(slots.stream()
                                .map(slot -> slot.name() + (slot.active() ? " (active)" : " (inactive)"))
                                .toList())
                        + ".",
                remedy);
    }

    private static void walsenders(SourceView view, Findings findings) throws SQLException {
        if (!view.online()) {
            findings.ok("An offline migration needs no walsender.");
            return;
        }
        long configured = Query.number(view.connection(), "select current_setting('max_wal_senders')::bigint");
        // Counted from the function, whose rows every role sees; pg_stat_activity hides the backend's type.
        long active = Query.number(view.connection(), "select count(*) from pg_stat_get_wal_senders()");
        boolean refused = view.walsender() instanceof WalsenderProbe.Refused refusal
                && refusal.sqlState().equals(SqlState.TOO_MANY_CONNECTIONS);
        if (active < configured && !refused) {
            findings.ok((configured - active) + " of " + configured + " walsenders are free.");
            return;
        }
        findings.error(
                "No walsender is free on the source: " + active + " of " + configured + " are active.",
                "The stream needs one for the whole migration; standbys and other consumers hold the rest.",
                "ALTER SYSTEM SET max_wal_senders = " + (Math.max(active, configured) + 4) + ";",
                "Restart the source's server: max_wal_senders changes only then.");
    }

    /// Roles through which managed services hand out replication.
    private static final String MAY_REPLICATE = """
            select rolsuper or rolreplication
                   or exists (select from pg_roles g where g.rolname in ('rds_replication', 'rds_superuser')
                              and pg_has_role(current_user, g.oid, 'member'))
            from pg_roles where rolname = current_user
            """;

    private static void replication(SourceView view, Findings findings) throws SQLException {
        switch (view.walsender()) {
            case WalsenderProbe.NotTried notTried ->
                findings.ok("An offline migration needs no replication privilege.");
            case WalsenderProbe.Works works ->
                findings.ok(
                        "The role " + view.server().quotedRole() + " may replicate: a walsender session was opened.");
            case WalsenderProbe.Refused refused -> refused(view, refused, findings);
        }
    }

    private static void refused(SourceView view, WalsenderProbe.Refused refused, Findings findings)
            throws SQLException {
        String role = view.server().quotedRole();
        if (!Query.truth(view.connection(), MAY_REPLICATE)) {
            findings.error(
                    "The role " + role + " may not replicate from the source.",
                    refused.failure().why(),
                    "ALTER ROLE " + role + " WITH REPLICATION;",
                    "On Amazon RDS and Aurora: GRANT rds_replication TO " + role);
        } else if (refused.sqlState().equals(SqlState.TOO_MANY_CONNECTIONS)) {
            findings.ok("The role " + role + " may replicate; no walsender was free to prove it.");
        } else {
            List<String> remedy = new ArrayList<>(refused.failure().remedy());
            remedy.add("A connection pooler cannot pass replication on: name the server itself in --source.");
            findings.error(
                    "The source refuses a walsender session.", refused.failure().why(), remedy);
        }
    }
}
