package org.pgmigrator.core.control;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;
import org.pgmigrator.core.progress.OnInterrupt;
import org.pgmigrator.core.progress.Phase;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressListener;
import org.pgmigrator.core.state.Bulletin;
import org.pgmigrator.core.state.Note;
import org.pgmigrator.core.state.Requests;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where other terminals meet the running migration: it takes their requests, answers them, and keeps the [Bulletin].
///
/// A thread and a session of its own on the target, so that it answers during the copy as well and can hold nothing up:
/// a target that does not answer costs the desk its session, never the migration. Thread-safe.
public final class RequestDesk {

    private static final Logger log = LoggerFactory.getLogger(RequestDesk.class);

    private static final Session SESSION = Session.named("requests").endingWithItsClient();

    private static final Duration TICK = Duration.ofMillis(250);

    /// A person who looks at it sees nothing finer, and each writing is a transaction on the target.
    private static final Duration BULLETIN_PAUSE = Duration.ofSeconds(1);

    /// So old a bulletin says that the process hangs.
    private static final Duration BULLETIN_LIMIT = Duration.ofSeconds(5);

    private static final Duration RECONNECT_PAUSE = Duration.ofSeconds(2);

    /// The migration's end must not wait for a target that does not answer.
    private static final Duration FAREWELL_LIMIT = Duration.ofSeconds(5);

    private final Database target;
    private final String subscription;
    private final Bulletin.Author author;
    private final OperatorControl control;
    private final ProgressListener screen;

    @GuardedBy("this")
    private Phase phase = Phase.VALIDATE;

    @GuardedBy("this")
    private String detail = "";

    @GuardedBy("this")
    private String warning = "";

    @GuardedBy("this")
    private String ending = "";

    @GuardedBy("this")
    private Bulletin.@Nullable CopyNews copy;

    @GuardedBy("this")
    private Bulletin.ApplyNews apply = Bulletin.ApplyNews.NONE;

    @GuardedBy("this")
    private Bulletin.@Nullable LagNews lag;

    @GuardedBy("this")
    private long lagNanos;

    @GuardedBy("this")
    private boolean changed = true;

    /// Requests that were taken up and have not ended.
    @GuardedBy("this")
    private final Map<Long, Requests.Kind> waiting = new LinkedHashMap<>();

    /// What is still to be told, and to whom.
    @GuardedBy("this")
    private final Deque<Addressed> notes = new ArrayDeque<>();

    @GuardedBy("this")
    private boolean ended;

    private long bulletinNanos;
    private boolean earlierEnded;
    private volatile boolean closing;

    /// @param screen where the process's own terminal is told that somebody has asked
    public RequestDesk(
            Database target, String subscription, ApplyConfig apply, OperatorControl control, ProgressListener screen) {
        this.target = target;
        this.subscription = subscription;
        this.author = new Bulletin.Author(
                host(), ProcessHandle.current().pid(), apply.mode().name().toLowerCase(Locale.ROOT));
        this.control = control;
        this.screen = screen;
    }

    private record Addressed(List<Long> requests, Note note) {}

    /// This machine's name, for a person who reads it on another one.
    public static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException nameless) {
            return "unknown host";
        }
    }

    /// Hears what the migration publishes and passes it on to the screen.
    public ProgressListener listener() {
        return event -> {
            note(event);
            screen.on(event);
        };
    }

    /// A part of the migration.
    @FunctionalInterface
    public interface Work {
        void run() throws InterruptedException;
    }

    /// Keeps the desk open while `work` runs, which must hold the lease: another process's requests are not ours.
    public void whileOpen(Work work) throws InterruptedException {
        Thread thread = Thread.ofPlatform().daemon().name("request-desk").start(this::serve);
        try {
            work.run();
            ends("it came to its end", new Note.NotDone("the process that was asked has ended"));
        } catch (MigrationException failed) {
            ends(failed.failure().kind() + ": " + failed.failure().what(), new Note.Failed(failed.failure()));
            throw failed;
        } catch (InterruptedException stop) {
            ends("it was stopped", new Note.NotDone("the process that was asked was stopped"));
            throw stop;
        } finally {
            closing = true;
            thread.interrupt();
            awaitEnd(thread);
        }
    }

    private static void awaitEnd(Thread thread) {
        boolean interrupted = Thread.interrupted();
        try {
            if (!thread.join(FAREWELL_LIMIT)) {
                log.warn("the session for requests does not end, it is left to itself");
            }
        } catch (InterruptedException stop) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// The cutover was not done, and the stream goes on. At once with the control, so that whoever asks in this moment
    /// has asked either for this cutover or for the next one.
    public synchronized void cutoverGivenUp(String reason) {
        control.cutoverGivenUp();
        address(new Note.NotDone(reason), Requests.Kind.CUTOVER);
    }

    /// The rehearsal is over, and the stream goes on.
    public synchronized void rehearsed(Note last) {
        address(last, Requests.Kind.REHEARSE);
    }

    /// The last note for those who have asked for this.
    @GuardedBy("this")
    private void address(Note last, Requests.Kind kind) {
        List<Long> asked = waiting.entrySet().stream()
                .filter(entry -> entry.getValue() == kind)
                .map(Map.Entry::getKey)
                .toList();
        if (!asked.isEmpty()) {
            notes.add(new Addressed(asked, last));
            asked.forEach(waiting::remove);
        }
    }

    private synchronized void ends(String how, Note last) {
        ending = how;
        changed = true;
        ended = true;
        address(last);
    }

    @GuardedBy("this")
    private void address(Note note) {
        if (!waiting.isEmpty()) {
            notes.add(new Addressed(List.copyOf(waiting.keySet()), note));
        }
        if (note.isLast()) {
            waiting.clear();
        }
    }

    private synchronized void note(ProgressEvent event) {
        switch (event) {
            case ProgressEvent.PhaseStarted started -> {
                phase = started.phase();
                detail = started.detail();
                copy = null;
            }
            case ProgressEvent.CopyProgress progress -> {
                phase = progress.phase();
                copy = Bulletin.CopyNews.of(progress);
            }
            case ProgressEvent.Lag heartbeat -> {
                phase = heartbeat.phase();
                lag = Bulletin.LagNews.of(heartbeat);
                apply = apply.withFallbacks(heartbeat.fallbacks());
                lagNanos = System.nanoTime();
            }
            case ProgressEvent.CaughtUp ignored -> phase = Phase.CAUGHT_UP;
            case ProgressEvent.FellBehind ignored -> phase = Phase.STREAM_APPLY;
            case ProgressEvent.CutoverStep step -> detail = "after step \"" + step.step() + "\"";
            case ProgressEvent.CutoverComplete ignored -> detail = "complete";
            case ProgressEvent.Warning news -> warning = news.text();
            case ProgressEvent.WireFormatChosen chosen -> apply = apply.with(chosen);
            case ProgressEvent.AppliedInOrder ordered -> apply = apply.with(ordered);
            case ProgressEvent.SpoolNews ignored -> {}
            case ProgressEvent.VerifyProgress ignored -> {}
            case ProgressEvent.VerifyResult ignored -> {}
            case ProgressEvent.Finding ignored -> {}
            case ProgressEvent.Notice ignored -> {}
            case ProgressEvent.Failed ignored -> {}
            case ProgressEvent.Complete ignored -> {}
        }
        changed = true;
        Note.about(event).ifPresent(this::address);
    }

    private void serve() {
        while (!closing) {
            try (Connection connection = target.connect(SESSION)) {
                listen(connection);
                while (!closing) {
                    look(connection);
                    connection.unwrap(PGConnection.class).getNotifications((int) TICK.toMillis());
                }
                farewell(connection);
                return;
            } catch (SQLException | MigrationException lost) {
                log.warn("the session for requests of other terminals was lost: {}", lost.getMessage());
                pause();
            }
        }
        lastWord();
    }

    /// What is left to say goes by the same session. The interrupt has done its work.
    private void farewell(Connection connection) throws SQLException {
        boolean asExpected = Thread.interrupted();
        log.debug("closing the desk interrupted={}", asExpected);
        look(connection);
    }

    /// The session was lost, and somebody may still be waiting.
    private void lastWord() {
        boolean asExpected = Thread.interrupted();
        try (Connection connection = target.connect(SESSION)) {
            log.debug("closing the desk by a new session interrupted={}", asExpected);
            look(connection);
        } catch (SQLException | MigrationException lost) {
            log.warn("the last word could not be told to other terminals: {}", lost.getMessage());
        }
    }

    private static void listen(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen " + Requests.ASKED_CHANNEL);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(RECONNECT_PAUSE);
        } catch (InterruptedException stop) {
            // Whoever interrupts has set `closing` before.
        }
    }

    private void look(Connection connection) throws SQLException {
        // A statement that fails for want of them would be in the server's log every time.
        boolean exist = Requests.exist(connection);
        if (exist) {
            ifTablesExist(() -> takeRequests(connection));
        }
        tellNotes(connection);
        if (exist) {
            ifTablesExist(() -> writeBulletin(connection));
        }
    }

    private void takeRequests(Connection connection) throws SQLException {
        if (!earlierEnded) {
            Requests.endEarlier(connection, subscription);
            earlierEnded = true;
        }
        for (Requests.Request request : Requests.pending(connection, subscription)) {
            take(connection, request);
        }
    }

    /// Something that reads or writes the tables of the state.
    @FunctionalInterface
    private interface OnTables {
        void run() throws SQLException;
    }

    /// Before the migration's first deed and after its last one there are no tables, and they may go at any moment.
    private static void ifTablesExist(OnTables work) throws SQLException {
        try {
            work.run();
        } catch (SQLException refusal) {
            if (!SqlState.UNDEFINED_TABLE.equals(refusal.getSQLState())) {
                throw refusal;
            }
        }
    }

    private void take(Connection connection, Requests.Request request) throws SQLException {
        if (!Requests.accept(connection, request.id())) {
            return;
        }
        Note answer = answer(request);
        log.info("request id={} kind={} by=\"{}\" answer={}", request.id(), request.kind(), request.askedBy(), answer);
        Requests.tell(connection, request.id(), answer);
        if (answer.isLast()) {
            Requests.end(connection, request.id(), answer);
        } else {
            screen.on(new ProgressEvent.Notice(request.askedBy() + " has asked for "
                    + (request.kind() == Requests.Kind.REHEARSE ? "a rehearsal of the cutover" : "the cutover")
                    + " from another terminal"));
        }
    }

    private synchronized Note answer(Requests.Request request) {
        if (closing || ended || control.stopRequested().isPresent()) {
            return new Note.NotDone("the migration is being stopped");
        }
        Note answer = switch (request.kind()) {
            case CUTOVER -> cutover();
            case REHEARSE -> rehearsal();
        };
        if (!answer.isLast()) {
            waiting.put(request.id(), request.kind());
        }
        return answer;
    }

    @GuardedBy("this")
    private Note cutover() {
        String process = "the running migration (pid " + author.processId() + " on " + author.host() + ")";
        OnInterrupt before = control.askForCutover();
        return switch (before) {
            case CUT_OVER -> new Note.Accepted(process + " cuts over");
            case STOP_NOW, STOP_UNDECIDED -> new Note.Accepted(process + " is cutting over already");
            case NOTHING -> new Note.Accepted(process + " is past the cutover's point of no return already");
            case END, STOP_AND_REMOVE -> notStreaming();
        };
    }

    @GuardedBy("this")
    private Note notStreaming() {
        return new Note.NotDone(
                "the copy is not complete yet (" + phase.title() + "): ask again when the changes are streamed");
    }

    @GuardedBy("this")
    private Note rehearsal() {
        return switch (control.askForRehearsal()) {
            case CUT_OVER ->
                new Note.Accepted("the running migration (pid " + author.processId() + " on " + author.host()
                        + ") rehearses a cutover");
            case STOP_NOW, STOP_UNDECIDED, NOTHING -> new Note.NotDone("a cutover is under way");
            case END, STOP_AND_REMOVE -> notStreaming();
        };
    }

    private void tellNotes(Connection connection) throws SQLException {
        for (Addressed first = firstNote(); first != null; first = firstNote()) {
            Addressed next = first;
            for (long id : next.requests()) {
                Requests.tell(connection, id, next.note());
                if (next.note().isLast()) {
                    ifTablesExist(() -> Requests.end(connection, id, next.note()));
                }
            }
            removeFirstNote();
        }
    }

    private synchronized @Nullable Addressed firstNote() {
        return notes.peekFirst();
    }

    private synchronized void removeFirstNote() {
        notes.pollFirst();
    }

    private void writeBulletin(Connection connection) throws SQLException {
        long age = System.nanoTime() - bulletinNanos;
        Bulletin.Draft draft = draft(age);
        if (draft != null) {
            draft.write(connection, subscription);
            bulletinNanos = System.nanoTime();
        }
    }

    private synchronized Bulletin.@Nullable Draft draft(long ageNanos) {
        boolean due = ageNanos >= (changed ? BULLETIN_PAUSE : BULLETIN_LIMIT).toNanos();
        if (!due && !closing) {
            return null;
        }
        changed = false;
        return new Bulletin.Draft(
                author,
                phase,
                detail,
                control.onInterrupt(),
                copy,
                apply,
                lag,
                Duration.ofNanos(System.nanoTime() - lagNanos).toMillis(),
                warning,
                closing,
                ending);
    }
}
