package org.pgmigrator.core.phase;

import org.pgmigrator.core.config.MigrationConfig;

/// The options that a stopped migration must be resumed with, as text: what decides which rows are carried and how.
final class ResumeConfiguration {

    private ResumeConfiguration() {}

    static String of(MigrationConfig config) {
        return "slot=" + config.replication().slotName() + " publication="
                + config.replication().publication().orElse("(own)") + " without-identity="
                + config.replication().withoutIdentity() + " include-schemas="
                + config.filter().includeSchemas() + " exclude-schemas="
                + config.filter().excludeSchemas()
                + " include-tables=" + config.filter().includeTables() + " exclude-tables="
                + config.filter().excludeTables();
    }
}
