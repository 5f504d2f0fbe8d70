package org.pgmigrator.core.config;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/// Names on both sides, what to do with tables that have no replica identity, and how long a server may be away.
///
/// @param slotName         the logical replication slot on the source; lower-case letters, digits and underscores
/// @param publication      an existing publication of the operator's; empty: pg-migrator makes its own
/// @param subscriptionName names this consumer's progress on the target
/// @param withoutIdentity  what to do with tables without replica identity
/// @param maxOutage        for how long a lost connection is tried again while changes are streamed; zero: not at all
/// @param retention        how much WAL the slot may hold back
public record ReplicationConfig(
        String slotName,
        Optional<String> publication,
        String subscriptionName,
        WithoutIdentity withoutIdentity,
        Duration maxOutage,
        SlotRetention retention) {

    /// Longer than the restart or the failover of a server takes.
    public static final Duration DEFAULT_MAX_OUTAGE = Duration.ofMinutes(30);

    public static final String DEFAULT_SLOT_NAME = "pg_migrator";
    public static final String DEFAULT_SUBSCRIPTION_NAME = "pg_migrator";

    private static final Pattern SLOT_NAME = Pattern.compile("[a-z0-9_]{1,63}");

    public ReplicationConfig {
        if (!SLOT_NAME.matcher(slotName).matches()) {
            throw new IllegalArgumentException("--slot-name \"" + slotName
                    + "\": a slot's name is 1 to 63 lower-case letters, digits and underscores");
        }
        if (subscriptionName.isBlank() || subscriptionName.length() > 63) {
            throw new IllegalArgumentException("--subscription-name must have 1 to 63 characters");
        }
    }

    /// Without a limit of the slot's WAL.
    public ReplicationConfig(
            String slotName,
            Optional<String> publication,
            String subscriptionName,
            WithoutIdentity withoutIdentity,
            Duration maxOutage) {
        this(slotName, publication, subscriptionName, withoutIdentity, maxOutage, SlotRetention.UNLIMITED);
    }

    /// The name of the publication that pg-migrator makes itself, derived from the slot so that two migrations differ.
    public String ownPublication() {
        return slotName;
    }

    /// The second publication, of inserts and truncates alone, for [WithoutIdentity#INSERT_ONLY].
    public String insertOnlyPublication() {
        String suffix = "_insert_only";
        return slotName.substring(0, Math.min(slotName.length(), 63 - suffix.length())) + suffix;
    }

    /// What to do with a table whose UPDATE and DELETE the source would refuse once it is published.
    public enum WithoutIdentity {
        /// The checks refuse the migration and show the SQL that gives the table an identity.
        FAIL,
        /// REPLICA IDENTITY FULL is set for the time of the migration.
        FULL,
        /// Only its inserts and truncates are published; equality is proved at the cutover.
        INSERT_ONLY
    }
}
