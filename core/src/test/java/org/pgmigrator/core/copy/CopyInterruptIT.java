package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.progress.ProgressEvent.CopyProgress;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

@ExtendWith(SharedServers.class)
class CopyInterruptIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static PostgresServer sourceServer;
    private static PostgresServer targetServer;

    @TempDir
    Path workDir;

    private CopyPair pair;

    @BeforeAll
    static void startServers(ServerPool servers) {
        sourceServer = servers.source(15);
        targetServer = servers.target(17);
    }

    @BeforeEach
    void createDatabases() throws Exception {
        pair = new CopyPair(sourceServer, targetServer, workDir);
        pair.onSource("create table public.t (i integer)", "insert into public.t select generate_series(1, 1000)");
    }

    @Test
    void leavesNothingWhenInterruptedWhileTheDumpWaitsForALock() throws Exception {
        try (Connection blocker = lock(sourceServer, pair.sourceName, "public.t in access exclusive mode")) {
            Copy copy = new Copy();
            await().atMost(LIMIT).until(() -> waiting(sourceServer, pair.sourceName));
            assertThat(secretsOnCommandLines()).isFalse();
            await().atMost(LIMIT)
                    .until(() -> pair.eventsOf(CopyProgress.class).stream()
                            .anyMatch(event -> event.current().startsWith("waiting: pid ")));

            copy.interrupt();

            assertNothingIsLeft();
            assertThat(blocker.isClosed()).isFalse();
        }
    }

    @Test
    void leavesNothingWhenInterruptedWhileWorkersDump() throws Exception {
        // A view's COPY is not dumped, so the rows themselves are slow: a large table that compresses slowly.
        pair.onSource("create table public.large as select i, md5(i::text) || repeat(md5((i * 7)::text), 20) as text "
                + "from generate_series(1, 400000) i");
        Copy copy = new Copy();
        await().atMost(LIMIT).until(() -> copying(sourceServer, pair.sourceName));

        copy.interrupt();

        assertNothingIsLeft();
    }

    @Test
    void leavesNothingWhenInterruptedWhileTheRestoreDefinesTables() throws Exception {
        try (Connection blocker = lock(targetServer, pair.targetName, "pg_catalog.pg_class in share mode")) {
            Copy copy = new Copy();
            await().atMost(LIMIT).until(() -> waiting(targetServer, pair.targetName));

            copy.interrupt();

            assertNothingIsLeft();
            assertThat(blocker.isClosed()).isFalse();
        }
    }

    @Test
    void leavesNothingWhenInterruptedWhileWorkersRestoreRows() throws Exception {
        slowOnTheTarget();
        Copy copy = new Copy();
        await().atMost(LIMIT).until(() -> copying(targetServer, pair.targetName));

        copy.interrupt();

        assertNothingIsLeft();
    }

    @Test
    void tellsALostConnectionFromErrorsThatCouldBeAllowed() throws Exception {
        slowOnTheTarget();
        pair.allowRestoreErrors = true;
        Copy copy = new Copy();
        await().atMost(LIMIT).until(() -> copying(targetServer, pair.targetName));

        // A worker of pg_restore may connect only after the first one was ended.
        await().atMost(LIMIT).until(() -> {
            targetServer.execute(
                    "postgres",
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + pair.targetName
                            + "' and application_name = 'pg_restore'");
            return !copy.thread.isAlive();
        });
        assertThat(copy.outcome.get())
                .isInstanceOfSatisfying(
                        MigrationException.class,
                        exception -> assertThat(exception.failure().kind()).isEqualTo(FailureKind.TARGET_UNREACHABLE));
        assertNothingIsLeft();
    }

    @Test
    void namesWhoHoldsTheLockThatTheDumpDidNotGet() throws Exception {
        pair.lockWait = Duration.ofSeconds(1);
        try (Connection blocker = lock(sourceServer, pair.sourceName, "public.t in access exclusive mode")) {
            MigrationException exception = catchThrowableOfType(MigrationException.class, pair::copy);

            Failure failure = exception.failure();
            assertThat(failure.kind()).isEqualTo(FailureKind.DUMP_FAILED);
            assertThat(failure.what()).contains("within 1 s");
            assertThat(failure.why()).contains("holds an exclusive lock on public.t", "idle in transaction");
            assertThat(blocker.isClosed()).isFalse();
        }
        assertNothingIsLeft();
    }

    /// A copy on its own thread, which ends with what it threw.
    private final class Copy {

        private final AtomicReference<Exception> outcome = new AtomicReference<>();
        private final Thread thread = Thread.ofPlatform().start(() -> {
            try (DumpFolder folder = DumpFolder.create(pair.config())) {
                pair.restore(pair.dump(Optional.empty(), folder));
            } catch (InterruptedException | RuntimeException expected) {
                outcome.set(expected);
            }
        });

        void interrupt() throws InterruptedException {
            thread.interrupt();
            assertThat(thread.join(LIMIT)).isTrue();
            assertThat(outcome.get()).isInstanceOf(InterruptedException.class);
        }
    }

    /// Each row of the table takes a tenth of a second, on the target only.
    private void slowOnTheTarget() throws Exception {
        pair.onSource(
                "create function public.slow() returns boolean language sql as $$ select case when current_database() "
                        + "like 'target%' then pg_sleep(0.1) is not null else true end $$",
                "alter table public.t add constraint slow check (public.slow())",
                "create table public.u (i integer check (public.slow()))",
                "insert into public.u select generate_series(1, 1000)");
    }

    private void assertNothingIsLeft() {
        assertThat(workDir).isEmptyDirectory();
        assertThat(ProcessHandle.current().descendants().filter(CopyInterruptIT::isTool))
                .isEmpty();
        for (Callable<String> sessions : List.<Callable<String>>of(
                () -> CopyPair.leftSessions(sourceServer, pair.sourceName),
                () -> CopyPair.leftSessions(targetServer, pair.targetName))) {
            await().atMost(Duration.ofSeconds(5))
                    .untilAsserted(() -> assertThat(sessions.call()).isEqualTo("0"));
        }
    }

    private static boolean isTool(ProcessHandle process) {
        return process.isAlive()
                && process.info()
                        .command()
                        .filter(command -> command.contains("pg_"))
                        .isPresent();
    }

    private boolean secretsOnCommandLines() {
        return ProcessHandle.allProcesses()
                .anyMatch(process -> commandLine(process.pid()).contains(sourceServer.password()));
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
        } catch (IOException ended) {
            return "";
        }
    }

    private static Connection lock(PostgresServer server, String database, String what) throws Exception {
        Connection connection = server.connect(database);
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("lock table " + what);
        }
        return connection;
    }

    private static boolean waiting(PostgresServer server, String database) throws Exception {
        return !server.value(
                        "postgres",
                        "select count(*) from pg_stat_activity where datname = '" + database
                                + "' and application_name in ('pg_dump', 'pg_restore') and wait_event_type = 'Lock'")
                .equals("0");
    }

    private static boolean copying(PostgresServer server, String database) throws Exception {
        return !server.value(
                        "postgres", "select count(*) from pg_stat_progress_copy where datname = '" + database + "'")
                .equals("0");
    }
}
