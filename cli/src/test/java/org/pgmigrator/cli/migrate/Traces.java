package org.pgmigrator.cli.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.sql.SQLException;
import java.util.List;

/// What a migration may leave on a source: read before and after, it must be the same.
///
/// @param slots of the whole server
/// @param settings of the database and of roles in it
record Traces(
        List<String> slots,
        List<String> publications,
        List<String> identities,
        List<String> schemas,
        List<String> settings) {

    static Traces ofSource(DatabasePair databases) throws SQLException {
        return new Traces(
                databases.source().rows(databases.name(), "SELECT slot_name FROM pg_replication_slots ORDER BY 1"),
                databases
                        .source()
                        .rows(
                                databases.name(),
                                "SELECT pubname, t.schemaname, t.tablename FROM pg_publication p"
                                        + " LEFT JOIN pg_publication_tables t USING (pubname) ORDER BY 1, 2, 3"),
                databases
                        .source()
                        .rows(
                                databases.name(),
                                "SELECT oid::regclass::text, relreplident FROM pg_class WHERE relkind IN ('r', 'p')"
                                        + " AND relnamespace <> ALL (ARRAY['pg_catalog', 'information_schema']"
                                        + "::regnamespace[]) AND relpersistence = 'p' ORDER BY 1"),
                databases
                        .source()
                        .rows(
                                databases.name(),
                                "SELECT nspname FROM pg_namespace WHERE nspname <> 'pgmigrator_fence' ORDER BY 1"),
                databases.source().rows(databases.name(), DATABASE_SETTINGS).stream()
                        .filter(setting -> !setting.equals(READ_ONLY))
                        .toList());
    }

    private static final String READ_ONLY = "0|default_transaction_read_only=on";

    /// A cutover that is complete leaves the source closed: every table refuses writes, whatever the session's
    /// settings.
    static void assertSourceIsClosed(DatabasePair databases) throws SQLException {
        assertThat(databases.source().rows(databases.name(), UNFENCED))
                .as("tables of the source without the fence")
                .isEmpty();
        assertThat(databases.source().rows(databases.name(), DATABASE_SETTINGS)).contains(READ_ONLY);
    }

    static void assertSourceIsOpen(DatabasePair databases) throws SQLException {
        assertThat(databases.source().rows(databases.name(), FENCE)).isEmpty();
        assertThat(databases.source().rows(databases.name(), DATABASE_SETTINGS)).doesNotContain(READ_ONLY);
    }

    private static final String FENCE = "SELECT nspname FROM pg_namespace WHERE nspname = 'pgmigrator_fence'";

    private static final String UNFENCED = "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'p')"
            + " AND c.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid"
            + " AND t.tgname = 'pgmigrator_fence' AND t.tgenabled = 'O')";

    private static final String DATABASE_SETTINGS = "SELECT setrole, unnest(setconfig) FROM pg_db_role_setting"
            + " JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database() ORDER BY 1, 2";

    private static final String ALWAYS_COLUMNS =
            "SELECT attrelid::regclass::text, attname FROM pg_attribute WHERE attidentity = 'a' ORDER BY 1, 2";

    private static final String OWN_SESSIONS =
            "SELECT application_name FROM pg_stat_activity WHERE application_name ~ '^(pg-migrator|pg_dump|pg_restore)'";

    /// The target is as if the source had always lived there: open, and nothing in it is ours.
    static void assertTargetIsCleanAndOpen(DatabasePair databases) throws SQLException {
        assertThat(databases.targetRows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pgmigrator%'"))
                .as("own schemas")
                .isEmpty();
        assertThat(databases.targetRows(DATABASE_SETTINGS))
                .as("settings of the database")
                .isEmpty();
        assertThat(databases.targetRows("SELECT pubname FROM pg_publication"))
                .as("publications on the target")
                .isEmpty();
        assertThat(databases.targetRows(ALWAYS_COLUMNS))
                .as("GENERATED ALWAYS columns")
                .isEqualTo(databases.source().rows(databases.name(), ALWAYS_COLUMNS));
        assertNoSessionIsLeft(databases);
    }

    /// A session ends a moment after its client.
    static void assertNoSessionIsLeft(DatabasePair databases) {
        await("sessions of a migration that has ended")
                .atMost(MigrationRun.DEADLINE)
                .untilAsserted(() -> {
                    assertThat(databases.source().rows(databases.name(), OWN_SESSIONS))
                            .isEmpty();
                    assertThat(databases.targetRows(OWN_SESSIONS)).isEmpty();
                });
    }
}
