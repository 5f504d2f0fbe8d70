package org.pgmigrator.core.phase;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes back everything that had closed the target, and its journal, in one transaction: it is closed or open, and the
/// state never says otherwise.
///
/// Source: https://www.postgresql.org/docs/current/sql-alterdatabase.html
final class TargetOpening {

    private static final Logger log = LoggerFactory.getLogger(TargetOpening.class);

    /// What keeps everybody's writes away, in the journal.
    static final String DOOR = "the target's default_transaction_read_only";

    /// Statements that travel together.
    private static final int CHUNK = 200;

    private TargetOpening() {}

    /// Opens it.
    ///
    /// @return what could not be undone, one by one, if it did not work at once
    static Undoing.Outcome open(StateStore state, Database target) {
        List<StateStore.Undo> entries = state.journal().stream()
                .filter(entry -> entry.side() == Side.TARGET)
                .toList();
        if (entries.isEmpty()) {
            return new Undoing.Outcome(List.of(), List.of(), List.of());
        }
        Connection session = state.session();
        try {
            openAtOnce(session, entries);
            return new Undoing.Outcome(
                    entries.stream().map(StateStore.Undo::what).toList(), List.of(), List.of());
        } catch (SQLException refusal) {
            log.warn("the target was not opened at once reason={}", refusal.getMessage());
            rollBack(session);
            return openInSteps(state, target);
        }
    }

    /// The door last, and only if nothing else is left: a target that takes writes is complete.
    private static Undoing.Outcome openInSteps(StateStore state, Database target) {
        Undoing.Outcome before =
                Undoing.run(state, target, entry -> !entry.what().equals(DOOR));
        return before.isComplete() ? Undoing.run(state, target, entry -> true) : before;
    }

    private static void openAtOnce(Connection session, List<StateStore.Undo> entries) throws SQLException {
        session.setAutoCommit(false);
        try (Statement statement = session.createStatement()) {
            // A reader of the target is not waited for: statement by statement there is more patience.
            statement.execute("set local lock_timeout = '500ms'");
            for (int from = 0; from < entries.size(); from += CHUNK) {
                List<StateStore.Undo> chunk = entries.subList(from, Math.min(from + CHUNK, entries.size()));
                statement.execute(chunk.stream().map(StateStore.Undo::sql).collect(Collectors.joining(";\n")));
            }
        }
        try (PreparedStatement delete = session.prepareStatement("delete from pgmigrator.journal where id = any(?)")) {
            List<Long> ids = new ArrayList<>();
            entries.forEach(entry -> ids.add(entry.id()));
            delete.setArray(1, session.createArrayOf("int8", ids.toArray()));
            delete.executeUpdate();
        }
        session.commit();
        session.setAutoCommit(true);
    }

    private static void rollBack(Connection session) {
        try {
            session.rollback();
            session.setAutoCommit(true);
        } catch (SQLException lost) {
            log.debug("session of the state was lost reason={}", lost.getMessage());
        }
    }
}
