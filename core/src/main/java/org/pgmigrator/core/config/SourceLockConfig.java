package org.pgmigrator.core.config;

import java.time.Duration;
import java.util.Optional;

/// How writes are kept away from the source during the cutover.
///
/// @param mode                    by what
/// @param terminateBlockersAfter  end client sessions whose transaction has kept the lock away for so long; empty:
/// never
public record SourceLockConfig(Mode mode, Optional<Duration> terminateBlockersAfter) {

    public static final SourceLockConfig DEFAULT = new SourceLockConfig(Mode.TABLES, Optional.empty());

    public SourceLockConfig {
        if (terminateBlockersAfter.filter(Duration::isNegative).isPresent()) {
            throw new IllegalArgumentException("--terminate-blockers-after must not be negative");
        }
        if (terminateBlockersAfter.isPresent() && mode != Mode.TABLES) {
            throw new IllegalArgumentException("--terminate-blockers-after goes with --source-lock tables alone");
        }
    }

    /// What stops the writes, from the lock to the end, and what it does not stop.
    public enum Mode {
        /// EXCLUSIVE on every carried table, then the fence.
        TABLES(
                "Every carried table is locked against writes, and then refuses them by a trigger: for every session, "
                        + "whatever its settings, superusers' too.",
                "Not stopped: sessions with session_replication_role = replica (subscriptions on the source), large "
                        + "objects, schema changes, tables that are not carried, nextval()."),
        /// The database's default for new sessions, and the end of the sessions that there are.
        READ_ONLY(
                "The source's database is made read-only for new sessions, and all its client sessions are ended.",
                "Not stopped: sessions that set default_transaction_read_only = off or BEGIN READ WRITE, roles with a "
                        + "setting of their own, subscriptions, schema changes in such sessions. What they commit after "
                        + "the cutover's last marker is lost, and nothing reports it. It does not end by itself either: "
                        + "after a crash the source stays read-only until it is undone."),
        /// Nothing.
        NONE(
                "The operator has stopped the writes.",
                "Nothing is stopped: what is committed on the source after the cutover's last marker is lost, and "
                        + "nothing reports it.");

        private final String protects;
        private final String doesNotProtect;

        Mode(String protects, String doesNotProtect) {
            this.protects = protects;
            this.doesNotProtect = doesNotProtect;
        }

        /// One sentence for a person.
        public String protects() {
            return protects;
        }

        /// What may still be written, for a person.
        public String doesNotProtect() {
            return doesNotProtect;
        }
    }
}
