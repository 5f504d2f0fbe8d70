package org.pgmigrator.core.spool;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.stream.FrameSink;
import org.pgmigrator.decoder.DecodeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The thread `spool-reader`: takes messages from the spool to the applier's queue, as the receiver does where there is
/// no
/// spool.
public final class SpoolFeeder implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SpoolFeeder.class);

    /// How long it waits for messages, or for room, before it looks whether it is to stop.
    private static final Duration TICK = Duration.ofMillis(100);

    private static final Duration STOP_LIMIT = Duration.ofSeconds(15);

    private final SpoolReader reader;
    private final FrameSink sink;
    private final Thread thread;
    private volatile boolean stopping;
    private volatile @Nullable MigrationException failure;

    private SpoolFeeder(SpoolReader reader, FrameSink sink) {
        this.reader = reader;
        this.sink = sink;
        this.thread = Thread.ofPlatform().name("spool-reader").unstarted(this::run);
    }

    /// Starts the thread, which has reader and sink to itself from now on.
    public static SpoolFeeder start(SpoolReader reader, FrameSink sink) {
        SpoolFeeder feeder = new SpoolFeeder(reader, sink);
        feeder.thread.start();
        return feeder;
    }

    /// Why the thread has ended by itself; empty while it runs and after a stop that was asked for.
    public Optional<MigrationException> failure() {
        return Optional.ofNullable(failure);
    }

    private void run() {
        try {
            while (!stopping && !sink.isAbandoned()) {
                step();
            }
        } catch (DecodeException malformed) {
            fail(new MigrationException(
                    Failure.of(
                            FailureKind.DECODE_FAILED,
                            "A message in the spool could not be understood.",
                            String.valueOf(malformed.getMessage())),
                    malformed));
        } catch (MigrationException known) {
            fail(known);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error bug) {
            fail(new MigrationException(
                    Failure.of(FailureKind.BUG, "The reader of the spool failed.", bug.toString()), bug));
        } finally {
            closeQuietly();
        }
    }

    private void step() throws InterruptedException {
        if (!sink.awaitRoom(TICK)) {
            return;
        }
        Optional<Spooled> next = reader.next(TICK);
        if (next.isPresent()) {
            switch (next.get()) {
                case Spooled.Frame frame -> sink.accept(frame.position(), frame.message());
                case Spooled.Idle idle -> {
                    while (!stopping && !sink.isAbandoned() && !sink.idle(idle.position())) {
                        Thread.sleep(Duration.ofMillis(10));
                    }
                }
            }
        }
    }

    private void fail(MigrationException reason) {
        if (!stopping) {
            failure = reason;
            log.error("reading the spool ended", reason);
        }
    }

    private void closeQuietly() {
        try {
            reader.close();
        } catch (IOException alreadyGone) {
            log.debug("closing the reader of the spool", alreadyGone);
        }
    }

    /// Ends the thread. What it has read and not handed on is read again by the next one.
    @Override
    public void close() {
        stopping = true;
        boolean interrupted = false;
        try {
            if (!thread.join(STOP_LIMIT)) {
                log.warn("the reader of the spool does not end: its disk does not answer");
            }
        } catch (InterruptedException stop) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
