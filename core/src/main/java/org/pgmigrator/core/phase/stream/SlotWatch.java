package org.pgmigrator.core.phase.stream;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.control.OperatorControl;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.lag.SourceSample;
import org.pgmigrator.core.phase.stream.SlotCare.Stage;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SessionEnd;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The thread `slot-watch`: looks at the slot while the copy runs, where the migration's own thread waits for pg_dump
/// and
/// pg_restore. A copy whose slot is lost is of no use, so it ends the copy.
public final class SlotWatch implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SlotWatch.class);

    private static final Duration INTERVAL = Duration.ofSeconds(1);

    /// A source that is away is not to be hammered at: whoever copies from it will notice too.
    private static final Duration RECONNECT_PAUSE = Duration.ofSeconds(5);

    private static final Duration STOP_LIMIT = Duration.ofSeconds(15);

    private final Database source;
    private final String slot;
    private final SlotCare care;
    private final Consumer<MigrationException> sourceGone;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread worker = Thread.currentThread();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("slot-watch").unstarted(this::run);

    @GuardedBy("this")
    private boolean closed;

    @GuardedBy("this")
    private @Nullable MigrationException failure;

    private volatile @Nullable Connection session;

    /// @param sourceGone told that the source has ended our session, which it does first when it is shut down
    public SlotWatch(Database source, String slot, SlotCare care, Consumer<MigrationException> sourceGone) {
        this.source = source;
        this.slot = slot;
        this.care = care;
        this.sourceGone = sourceGone;
    }

    /// The slot exists from now on.
    public void start() {
        thread.start();
    }

    /// A part of the copy.
    @FunctionalInterface
    public interface Work<T> {
        T run() throws InterruptedException;
    }

    /// Does the work on the thread that has made this, which is interrupted when the slot is lost.
    ///
    /// @throws MigrationException the slot's failure, which is then the reason for whatever else has failed
    public <T> T whileWatching(Work<T> work, OperatorControl control) throws InterruptedException {
        try {
            T result = work.run();
            end();
            Optional<MigrationException> lost = failure();
            if (lost.isPresent() && control.stopRequested().isEmpty()) {
                Thread.interrupted();
                throw lost.get();
            }
            return result;
        } catch (InterruptedException | MigrationException ended) {
            end();
            Optional<MigrationException> lost = failure();
            if (lost.isEmpty() || control.stopRequested().isPresent()) {
                throw ended;
            }
            Thread.interrupted();
            if (!lost.get().equals(ended)) {
                lost.get().addSuppressed(ended);
            }
            throw lost.get();
        }
    }

    private synchronized Optional<MigrationException> failure() {
        return Optional.ofNullable(failure);
    }

    private void run() {
        try {
            Duration pause = INTERVAL;
            while (!stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                pause = look() ? INTERVAL : RECONNECT_PAUSE;
            }
        } catch (InterruptedException nobodyDoes) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error bug) {
            log.error("the slot is not watched any more", bug);
        } finally {
            disconnect();
        }
    }

    /// @return false if the source could not be asked
    private boolean look() {
        try {
            Connection current = session;
            if (current == null) {
                current = source.connect(Session.named("slot watch"));
                session = current;
            }
            SourceSample sample = StreamSession.sample(current, slot);
            care.look(current, sample, Stage.COPY);
            return true;
        } catch (MigrationException failed) {
            FailureKind kind = failed.failure().kind();
            switch (kind) {
                case SLOT_MISSING, SLOT_INVALIDATED, SLOT_RETAINS_TOO_MUCH -> lost(failed);
                default -> {
                    log.warn(
                            "the slot could not be looked at: {}",
                            failed.failure().why());
                    boolean had = session != null;
                    disconnect();
                    if (had) {
                        sourceGone.accept(failed);
                    }
                }
            }
            return false;
        }
    }

    private synchronized void lost(MigrationException reason) {
        stopping.countDown();
        if (!closed) {
            log.error("the copy is of no use any more", reason);
            failure = reason;
            worker.interrupt();
        }
    }

    private void disconnect() {
        Connection current = session;
        session = null;
        SessionEnd.close(current);
    }

    /// From here on nobody is interrupted any more.
    private void end() {
        synchronized (this) {
            closed = true;
        }
        stopping.countDown();
        boolean interrupted = Thread.interrupted();
        try {
            if (thread.isAlive() && !thread.join(STOP_LIMIT)) {
                SessionEnd.cut(session);
            }
        } catch (InterruptedException stop) {
            interrupted = true;
            SessionEnd.cut(session);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        end();
    }
}
