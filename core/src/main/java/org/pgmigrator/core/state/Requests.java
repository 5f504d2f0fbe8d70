package org.pgmigrator.core.state;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.pgmigrator.core.postgres.Catalog;

/// What other terminals have asked the running migration for: rows of `pgmigrator.request` on the target.
///
/// A NOTIFY says that there is something to read; whoever does not hear it finds it at the next look.
/// Source: https://www.postgresql.org/docs/current/sql-notify.html
public final class Requests {

    /// "There is a new request": from the terminal to the process at work.
    public static final String ASKED_CHANNEL = "pgmigrator_request";

    /// Notes about a request: from the process at work to the terminal. See [Note].
    public static final String ANSWER_CHANNEL = "pgmigrator_answer";

    private Requests() {}

    /// What can be asked for.
    public enum Kind {
        /// Lock, drain, prove, open: as Ctrl+C in the process's own terminal.
        CUTOVER,
        /// The same up to the proof, then back to the stream.
        REHEARSE
    }

    /// How far a request is.
    public enum State {
        /// Nobody has taken notice yet.
        ASKED,
        /// The process at work has taken it up.
        ACCEPTED,
        /// It is over: the last note says how.
        ENDED,
        /// Whoever asked did not want to wait any longer, and nobody had taken notice.
        WITHDRAWN
    }

    /// One request.
    ///
    /// @param askedBy who asked, for a person: `ada on laptop, pid 4711`
    public record Request(long id, Kind kind, String askedBy) {}

    static void createTable(Connection target) throws SQLException {
        try (Statement statement = target.createStatement()) {
            statement.execute("""
                    create table if not exists pgmigrator.request (
                        id bigint generated always as identity primary key,
                        subscription text not null,
                        kind text not null,
                        asked_by text not null,
                        state text not null,
                        note text,
                        asked_at timestamptz not null default now(),
                        updated_at timestamptz not null default now()
                    )""");
        }
    }

    /// Whether the state is there; it may go at any moment.
    public static boolean exist(Connection target) throws SQLException {
        return Catalog.value(target, "select to_regclass('pgmigrator.request')::text") != null;
    }

    /// Asks; the number is what the notes begin with.
    public static long ask(Connection target, String subscription, Kind kind, String askedBy) throws SQLException {
        try (PreparedStatement insert = target.prepareStatement("insert into pgmigrator.request (subscription, kind, "
                + "asked_by, state) values (?, ?, ?, ?) returning id")) {
            insert.setString(1, subscription);
            insert.setString(2, kind.name());
            insert.setString(3, askedBy);
            insert.setString(4, State.ASKED.name());
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                long id = row.getLong(1);
                Catalog.value(target, "select pg_notify(?, ?)", ASKED_CHANNEL, Long.toString(id));
                return id;
            }
        }
    }

    /// What nobody has taken notice of, oldest first.
    public static List<Request> pending(Connection target, String subscription) throws SQLException {
        List<Request> pending = new ArrayList<>();
        try (PreparedStatement statement = target.prepareStatement("select id, kind, asked_by from pgmigrator.request "
                + "where subscription = ? and state = ? order by id")) {
            statement.setString(1, subscription);
            statement.setString(2, State.ASKED.name());
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    pending.add(new Request(row.getLong(1), Kind.valueOf(row.getString(2)), row.getString(3)));
                }
            }
        }
        return pending;
    }

    /// Takes it up.
    ///
    /// @return false if it was withdrawn in the meantime
    public static boolean accept(Connection target, long id) throws SQLException {
        return move(target, id, State.ASKED, State.ACCEPTED);
    }

    /// Takes it back.
    ///
    /// @return false if the process at work was quicker
    public static boolean withdraw(Connection target, long id) throws SQLException {
        return move(target, id, State.ASKED, State.WITHDRAWN);
    }

    private static boolean move(Connection target, long id, State from, State to) throws SQLException {
        try (PreparedStatement update = target.prepareStatement(
                "update pgmigrator.request set state = ?, updated_at = now() where id = ? and state = ?")) {
            update.setString(1, to.name());
            update.setLong(2, id);
            update.setString(3, from.name());
            return update.executeUpdate() == 1;
        }
    }

    /// Nobody has asked this process: what an earlier one was asked for and left is over.
    public static void endEarlier(Connection target, String subscription) throws SQLException {
        try (PreparedStatement update = target.prepareStatement("update pgmigrator.request set state = ?, note = ?, "
                + "updated_at = now() where subscription = ? and state in ('ASKED', 'ACCEPTED')")) {
            update.setString(1, State.ENDED.name());
            update.setString(
                    2, new Note.NotDone("the process that was asked has ended, and another one goes on").encode());
            update.setString(3, subscription);
            update.executeUpdate();
        }
    }

    /// It is over; `last` stays in the row for whoever did not hear it.
    public static void end(Connection target, long id, Note last) throws SQLException {
        try (PreparedStatement update = target.prepareStatement(
                "update pgmigrator.request set state = ?, note = ?, updated_at = now() where id = ?")) {
            update.setString(1, State.ENDED.name());
            update.setString(2, last.encode());
            update.setLong(3, id);
            update.executeUpdate();
        }
    }

    /// Where a request is, and its last note once it has ended; empty if the row is gone with the migration's state.
    public static Optional<Standing> standing(Connection target, long id) throws SQLException {
        try (PreparedStatement statement =
                target.prepareStatement("select state, note from pgmigrator.request where id = ?")) {
            statement.setLong(1, id);
            try (ResultSet row = statement.executeQuery()) {
                return row.next()
                        ? Optional.of(new Standing(
                                State.valueOf(row.getString(1)),
                                Optional.ofNullable(row.getString(2)).map(Note::decode)))
                        : Optional.empty();
            }
        }
    }

    /// See [#standing].
    public record Standing(State state, Optional<Note> last) {}

    /// Tells whoever waits for this request; also when its row is gone already.
    public static void tell(Connection target, long id, Note note) throws SQLException {
        Catalog.value(target, "select pg_notify(?, ?)", ANSWER_CHANNEL, id + Note.SEPARATOR + note.encode());
    }
}
