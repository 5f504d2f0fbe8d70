package org.pgmigrator.core.cutover;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// A transaction that holds a lock on carried tables beside which EXCLUSIVE is not granted.
///
/// @param pid             empty for a prepared transaction
/// @param user            who began it; empty for a process of the server
/// @param application     `application_name`; of a prepared transaction its gid
/// @param state           `pg_stat_activity.state`; empty where there is none or the role may not see it
/// @param transactionAge  how long it has been open; empty where the role may not see it
/// @param statementStart  when its last statement began; empty where there is none or the role may not see it
/// @param relations       the carried tables in question, as SQL names them
/// @param transaction     the virtual transaction id, by which a later transaction of the same session is told apart
public record LockBlocker(
        Kind kind,
        OptionalInt pid,
        String user,
        String application,
        String state,
        Optional<Duration> transactionAge,
        Optional<Instant> statementStart,
        List<String> relations,
        String transaction) {

    private static final int SHOWN = 5;

    private static final Duration PASSING = Duration.ofSeconds(1);

    public LockBlocker {
        relations = List.copyOf(relations);
    }

    /// What it is, which decides how it can be ended.
    public enum Kind {
        CLIENT("client session", "end it with pg_terminate_backend(pid), or wait for it"),
        INDEX_BUILD(
                "CREATE INDEX or REINDEX CONCURRENTLY",
                "wait for it; ended by pg_terminate_backend(pid) it leaves an invalid index behind"),
        AUTOVACUUM("autovacuum", "it yields by itself"),
        WRAPAROUND_VACUUM(
                "autovacuum to prevent wraparound", "wait for it: it does not yield, and would begin again if ended"),
        PREPARED("prepared transaction", "COMMIT PREPARED or ROLLBACK PREPARED it: it is never ended for you"),
        SERVER_PROCESS("process of the server", "wait for it"),
        HIDDEN("session of another role", "grant pg_read_all_stats to see what it is; wait for it");

        private final String words;
        private final String remedy;

        Kind(String words, String remedy) {
            this.words = words;
            this.remedy = remedy;
        }

        /// For a person.
        public String words() {
            return words;
        }

        /// How the lock becomes free of it.
        public String remedy() {
            return remedy;
        }

        /// Whether `--terminate-blockers-after` ends it.
        public boolean terminable() {
            return this == CLIENT || this == INDEX_BUILD;
        }
    }

    /// Whether it is one of the application's short transactions, which end by themselves: others only make them wait.
    public boolean isPassing() {
        return kind == Kind.CLIENT
                && transactionAge
                        .map(age -> age.compareTo(PASSING) < 0)
                        // A session whose state is shown has no age when its transaction has just ended.
                        .orElse(!state.isEmpty());
    }

    /// As [#describe], without what changes from one look to the next.
    public String describeBriefly() {
        StringBuilder text = new StringBuilder(kind.words());
        pid.ifPresent(number -> text.append(" pid ").append(number));
        text.append(" (");
        if (!user.isEmpty()) {
            text.append("user ").append(user).append(", ");
        }
        text.append('"').append(application).append("\") holds ");
        appendRelations(text);
        return text.toString();
    }

    /// `client session pid 811 (user app, "psql", idle in transaction, transaction open for 734 s, last statement began
    /// 2026-11-21T14:00:00Z) holds public.t`.
    public String describe() {
        StringBuilder text = new StringBuilder(kind.words());
        pid.ifPresent(number -> text.append(" pid ").append(number));
        text.append(" (");
        if (!user.isEmpty()) {
            text.append("user ").append(user).append(", ");
        }
        if (!application.isEmpty()) {
            text.append('"').append(application).append("\", ");
        }
        if (!state.isEmpty()) {
            text.append(state).append(", ");
        }
        text.append(transactionAge
                .map(age -> "transaction open for " + age.toSeconds() + " s")
                .orElse("its age is hidden from this role"));
        statementStart.ifPresent(start -> text.append(", last statement began ").append(start));
        text.append(") holds ");
        appendRelations(text);
        return text.toString();
    }

    private void appendRelations(StringBuilder text) {
        text.append(String.join(", ", relations.stream().limit(SHOWN).toList()));
        if (relations.size() > SHOWN) {
            text.append(" and ").append(relations.size() - SHOWN).append(" more");
        }
    }
}
