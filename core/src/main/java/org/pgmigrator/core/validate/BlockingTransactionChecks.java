package org.pgmigrator.core.validate;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/// Transactions for whose end the creation of the slot would wait.
///
/// Every transaction with a transaction id counts, of whatever database: the slot's snapshot is consistent only when
/// all that were running at its start have ended.
final class BlockingTransactionChecks {

    /// Shorter ones are ordinary work, over before the slot's creation would give up.
    private static final Duration LONG = Duration.ofSeconds(10);

    /// How long is watched where the server hides the age of other roles' transactions.
    private static final Duration WATCH = Duration.ofSeconds(2);

    private BlockingTransactionChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("long-transactions", BlockingTransactionChecks::transactions),
                new Check<>("prepared-transactions", BlockingTransactionChecks::prepared));
    }

    private record Writer(
            int pid, String user, String database, String application, String state, String xid, OptionalLong seconds) {
        String described() {
            return "pid " + pid + " (user " + user + ", database " + database
                    + (application.isEmpty() ? "" : ", " + application) + (state.isEmpty() ? "" : ", " + state)
                    + (seconds.isPresent() ? ", open for " + seconds.getAsLong() + " s" : "") + ")";
        }
    }

    /// From pg_locks, which every role sees whole: pg_stat_activity hides the xid of other roles' sessions.
    private static final String WRITERS = """
            select l.pid, coalesce(a.usename::text, '?'), coalesce(a.datname::text, '?'),
                   coalesce(a.application_name, ''), coalesce(a.state, ''), min(l.transactionid::text::bigint)::text,
                   extract(epoch from clock_timestamp() - a.xact_start)::bigint
            from pg_locks l join pg_stat_activity a on a.pid = l.pid
            where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted and l.pid <> pg_backend_pid()
            group by l.pid, a.usename, a.datname, a.application_name, a.state, a.xact_start
            order by 7 desc nulls last, 1
            """;

    private static Writer writer(ResultSet row) throws SQLException {
        long seconds = row.getLong(7);
        OptionalLong age = row.wasNull() ? OptionalLong.empty() : OptionalLong.of(seconds);
        return new Writer(
                row.getInt(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                age);
    }

    private static void transactions(SourceView view, Findings findings) throws SQLException, InterruptedException {
        if (!needsSlot(view)) {
            findings.ok("No replication slot will be created, so no transaction can block that.");
            return;
        }
        List<Writer> writers = Query.list(view.connection(), WRITERS, BlockingTransactionChecks::writer);
        List<Writer> old = writers.stream()
                .filter(writer -> writer.seconds().orElse(0) >= LONG.toSeconds())
                .toList();
        List<Writer> hidden = stillThere(
                view,
                writers.stream().filter(writer -> writer.seconds().isEmpty()).toList());
        if (!old.isEmpty()) {
            report(
                    old,
                    "The creation of the replication slot waits until every transaction that has written is over.",
                    findings);
        }
        if (!hidden.isEmpty()) {
            report(
                    hidden,
                    "They did not end within " + WATCH.toSeconds()
                            + " s, and the creation of the replication slot waits"
                            + " for them. How old they are is hidden from the role "
                            + view.server().quotedRole()
                            + ", which is not a member of pg_read_all_stats.",
                    findings);
        }
        if (findings.isEmpty()) {
            findings.ok("No long transaction would block the creation of the replication slot.");
        }
    }

    private static boolean needsSlot(SourceView view) {
        return view.online() && !view.request().resume();
    }

    private static void report(List<Writer> writers, String why, Findings findings) {
        List<String> remedy = new ArrayList<>();
        remedy.add("Wait for their end, or end them:");
        writers.forEach(writer -> remedy.add("SELECT pg_terminate_backend(" + writer.pid() + ");"));
        findings.warning(
                Words.count(writers.size(), "transaction") + " of the source would block the creation of the slot: "
                        + Words.list(writers.stream().map(Writer::described).toList()) + ".",
                why,
                remedy);
    }

    private static List<Writer> stillThere(SourceView view, List<Writer> writers)
            throws SQLException, InterruptedException {
        if (writers.isEmpty()) {
            return List.of();
        }
        Thread.sleep(WATCH);
        Set<String> xids = new HashSet<>(Query.strings(
                view.connection(),
                "select transactionid::text from pg_locks where locktype = 'transactionid' and mode = 'ExclusiveLock'"
                        + " and granted and pid is not null"));
        return writers.stream().filter(writer -> xids.contains(writer.xid())).toList();
    }

    private record Prepared(String gid, String owner, String database, long seconds) {
        String described() {
            return Words.literal(gid) + " (user " + owner + ", database " + database + ", prepared " + seconds
                    + " s ago)";
        }
    }

    private static void prepared(SourceView view, Findings findings) throws SQLException {
        if (!needsSlot(view)) {
            return;
        }
        List<Prepared> prepared = Query.list(
                view.connection(),
                "select gid, owner, database, extract(epoch from clock_timestamp() - prepared)::bigint"
                        + " from pg_prepared_xacts order by prepared",
                row -> new Prepared(row.getString(1), row.getString(2), row.getString(3), row.getLong(4)));
        if (prepared.isEmpty()) {
            findings.ok("The source has no prepared transactions.");
            return;
        }
        List<String> remedy = new ArrayList<>();
        remedy.add("Let the transaction manager finish them; one that it has forgotten is ended by hand, in its own"
                + " database:");
        prepared.forEach(transaction -> remedy.add("ROLLBACK PREPARED " + Words.literal(transaction.gid()) + ";"));
        findings.warning(
                Words.count(prepared.size(), "prepared transaction") + " of the source would block the creation of the"
                        + " slot: "
                        + Words.list(prepared.stream().map(Prepared::described).toList()) + ".",
                "The creation of the replication slot waits until each is committed or rolled back; a forgotten one"
                        + " stays for ever.",
                remedy);
    }
}
