package org.pgmigrator.core.postgres;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The thread `silence-watch`: cuts a session of ours whose server says nothing because it, or the way to it, is dead.
///
/// TCP itself gives up after a quarter of an hour, or never. Silence alone proves nothing: a statement may wait for a
/// lock, or work, for hours. So the server is asked on a new connection ([PeerProbe]): if that cannot be made, or the
/// session's process is gone, or waits for us while we wait for it, the session's sockets are closed, and whoever waits
/// for them gets a lost connection that says so.
///
/// Every session of the program is watched, from the first packet on. Thread-safe.
public final class SilenceWatch {

    private static final Logger log = LoggerFactory.getLogger(SilenceWatch.class);

    /// Longer than a network is away that comes back by itself without anybody asking why. Another one for tests:
    /// `-Dpgmigrator.silence-limit`, in seconds.
    static final Duration LIMIT = Duration.ofSeconds(Integer.getInteger("pgmigrator.silence-limit", 30));

    /// What is dead is cut within about two limits, within three if somebody answers to the first packet only.
    static final Patience ORDINARY = new Patience(LIMIT, LIMIT.dividedBy(3), LIMIT, 2);

    /// The operator wants the program to end.
    static final Patience HURRIED =
            new Patience(Duration.ofSeconds(1), Duration.ofSeconds(3), Duration.ofSeconds(3), 1);

    private static final Duration TICK = Duration.ofMillis(250);

    private static final Set<Wire> WIRES = ConcurrentHashMap.newKeySet();
    private static final Map<Line.Peer, PeerWatch> PEERS = new ConcurrentHashMap<>();

    private static volatile boolean hurried;

    @GuardedBy("SilenceWatch.class")
    private static @Nullable Thread thread;

    private SilenceWatch() {}

    /// @param limit  silence for so long is looked into
    /// @param probe  for how long a new connection may take to be accepted
    /// @param login  and to log in and answer
    /// @param probes so many must fail one after the other
    record Patience(Duration limit, Duration probe, Duration login, int probes) {}

    static void add(Wire wire) {
        wire.line().add(wire);
        WIRES.add(wire);
        ensureRunning();
    }

    static void remove(Wire wire) {
        WIRES.remove(wire);
        wire.line().remove(wire);
    }

    /// From now on a dead peer is noticed within a few seconds: somebody waits for the program to end.
    public static void hurry() {
        hurried = true;
    }

    /// Back to the ordinary patience.
    public static void calm() {
        hurried = false;
    }

    /// Why a session failed: what the watch has to say of it if it was cut, else the server's words.
    ///
    /// The driver looks for bytes in a walsender's socket before it reads, and says of one that was cut only that it is
    /// closed.
    public static String why(Connection connection, Side side, SQLException failure) {
        // Not unwrapped: a closed connection refuses that.
        return connection instanceof PGConnection known
                ? Line.past(side, known.getBackendPID())
                        .flatMap(Line::cutBecause)
                        .orElseGet(() -> SqlState.serverWords(failure))
                : SqlState.serverWords(failure);
    }

    static Patience patience() {
        return hurried && HURRIED.limit().compareTo(LIMIT) < 0 ? HURRIED : ORDINARY;
    }

    private static synchronized void ensureRunning() {
        if (thread == null) {
            thread = Thread.ofPlatform().daemon().name("silence-watch").start(SilenceWatch::run);
        }
    }

    private static void run() {
        while (isNeeded()) {
            try {
                look();
                Thread.sleep(TICK);
            } catch (InterruptedException nobodyDoes) {
                log.debug("the watch was interrupted", nobodyDoes);
            } catch (RuntimeException bug) {
                log.error("the watch for silent servers failed", bug);
            }
        }
    }

    private static synchronized boolean isNeeded() {
        if (WIRES.isEmpty()) {
            thread = null;
            PEERS.clear();
        }
        return thread != null;
    }

    private static void look() {
        Patience patience = patience();
        silent(patience).stream()
                .collect(Collectors.groupingBy(wire -> wire.line().peer()))
                .forEach((peer, wires) -> PEERS.computeIfAbsent(peer, unused -> new PeerWatch(PeerProbe::ask))
                        .look(wires, patience));
    }

    private static List<Wire> silent(Patience patience) {
        long now = System.nanoTime();
        return WIRES.stream()
                .filter(wire -> wire.silence(now) >= patience.limit().toNanos())
                .toList();
    }
}
