package org.pgmigrator.core.cutover;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How long each transaction has stood in the way, and when that is enough. Used by one thread.
final class BlockerPatience {

    private static final Logger LOG = LoggerFactory.getLogger(BlockerPatience.class);

    private final Optional<Duration> terminateAfter;
    private Map<String, Long> firstSeen = new HashMap<>();

    /// @param terminateAfter empty: nobody is ended
    BlockerPatience(Optional<Duration> terminateAfter) {
        this.terminateAfter = terminateAfter;
    }

    /// Whether one of these has been there for longer than an attempt may wait, so that an attempt would most likely
    /// only make others wait. A vacuum yields, so that it is no reason.
    boolean wouldOutlast(List<LockBlocker> blockers, Duration attempt) {
        note(blockers);
        return blockers.stream()
                .filter(blocker -> blocker.kind() != LockBlocker.Kind.AUTOVACUUM)
                .anyMatch(blocker ->
                        blocker.transactionAge().orElse(seenFor(blocker)).compareTo(attempt) > 0);
    }

    /// Remembers these, and forgets all others.
    private void note(List<LockBlocker> blockers) {
        Map<String, Long> seen = new HashMap<>();
        long now = System.nanoTime();
        for (LockBlocker blocker : blockers) {
            seen.put(key(blocker), firstSeen.getOrDefault(key(blocker), now));
        }
        firstSeen = seen;
    }

    private Duration seenFor(LockBlocker blocker) {
        Long first = firstSeen.get(key(blocker));
        return first == null ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - first);
    }

    private static String key(LockBlocker blocker) {
        return blocker.pid() + " " + blocker.transaction();
    }

    /// Ends the sessions that have stood in the way for too long.
    ///
    /// @return whether there was one
    boolean terminate(Connection observer, List<LockBlocker> blockers, Consumer<LockEvent> listener)
            throws SQLException {
        note(blockers);
        if (terminateAfter.isEmpty()) {
            return false;
        }
        boolean any = false;
        for (LockBlocker blocker : blockers) {
            if (blocker.kind().terminable() && seenFor(blocker).compareTo(terminateAfter.get()) >= 0) {
                any |= terminate(observer, blocker, listener);
            }
        }
        return any;
    }

    private static boolean terminate(Connection observer, LockBlocker blocker, Consumer<LockEvent> listener)
            throws SQLException {
        try {
            if (!LockBlockers.terminate(observer, blocker)) {
                return false;
            }
            LOG.warn("blocking session ended blocker={}", blocker.describe());
            listener.accept(new LockEvent.Terminated(blocker));
            return true;
        } catch (SQLException refusal) {
            if (!SqlState.INSUFFICIENT_PRIVILEGE.equals(refusal.getSQLState())) {
                throw refusal;
            }
            String role = observer.getMetaData().getUserName();
            listener.accept(new LockEvent.TerminationRefused(
                    blocker,
                    SqlState.serverWords(refusal),
                    "GRANT pg_signal_backend TO " + QualifiedName.quote(role)
                            + "; (a superuser's session is ended by a superuser alone)"));
            return false;
        }
    }
}
