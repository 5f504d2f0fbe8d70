package org.pgmigrator.core.postgres;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.postgres.SilenceWatch.Patience;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What [SilenceWatch] knows of one server. Its probes are made one after the other, by threads of their own: another
/// server's sessions need not wait for them. Only somebody who is in a hurry waits for no probe of before. Thread-safe.
final class PeerWatch {

    private static final Logger log = LoggerFactory.getLogger(PeerWatch.class);

    /// A peer that could not be reached is not asked again for each session.
    private static final Duration REMEMBERED = Duration.ofSeconds(10);

    private final Prober prober;

    /// The patience of the probe that is under way.
    @GuardedBy("this")
    private @Nullable Patience probing;

    @GuardedBy("this")
    private int failed;

    /// The server has answered, and is left alone for a while.
    @GuardedBy("this")
    private boolean resting;

    @GuardedBy("this")
    private long answeredAt;

    @GuardedBy("this")
    private @Nullable String unreachable;

    @GuardedBy("this")
    private long unreachableAt;

    /// As [PeerProbe#ask].
    @FunctionalInterface
    interface Prober {
        PeerProbe.Answer ask(Line line, List<Integer> pids, Duration limit, Duration login);
    }

    PeerWatch(Prober prober) {
        this.prober = prober;
    }

    /// Cuts what is known to be dead, or has the server asked if it is time for it.
    synchronized void look(List<Wire> silent, Patience patience) {
        long now = System.nanoTime();
        String dead = unreachable;
        if (dead != null && now - unreachableAt < REMEMBERED.toNanos()) {
            silent.forEach(wire -> cut(wire, now, dead));
        } else if (!isProbing(patience) && !isResting(patience, now)) {
            probing = patience;
            unreachable = null;
            Thread.ofVirtual().name("silence-probe").start(() -> probe(silent, patience));
        }
    }

    @GuardedBy("this")
    private boolean isProbing(Patience patience) {
        Patience underWay = probing;
        return underWay != null && underWay.limit().compareTo(patience.limit()) <= 0;
    }

    /// For as long as the patience of now has it, not that of the probe.
    @GuardedBy("this")
    private boolean isResting(Patience patience, long now) {
        return resting && now - answeredAt < patience.limit().toNanos();
    }

    private void probe(List<Wire> silent, Patience patience) {
        PeerProbe.Answer answer = new PeerProbe.Unknown("not asked");
        try {
            answer = prober.ask(silent.getFirst().line(), pids(silent), patience.probe(), patience.login());
        } finally {
            answered(answer, silent, patience);
        }
    }

    private static List<Integer> pids(List<Wire> silent) {
        return silent.stream()
                .map(wire -> wire.line().pid())
                .filter(pid -> pid != 0)
                .distinct()
                .toList();
    }

    private synchronized void answered(PeerProbe.Answer answer, List<Wire> silent, Patience patience) {
        if (patience.equals(probing)) {
            probing = null;
        }
        long now = System.nanoTime();
        log.debug("silence sessions={} answer={}", silent.size(), answer);
        resting = !(answer instanceof PeerProbe.Unreachable);
        answeredAt = now;
        switch (answer) {
            case PeerProbe.Unreachable told -> {
                failed++;
                if (failed >= patience.probes()) {
                    failed = 0;
                    unreachable = "and a new connection gets no answer either (" + told.why() + ")";
                    unreachableAt = now;
                }
            }
            case PeerProbe.Unknown told -> {
                failed = 0;
                log.warn("whether silent sessions are alive is not known: {}", told.why());
            }
            case PeerProbe.Processes processes -> {
                failed = 0;
                silent.forEach(wire -> judge(wire, processes.byPid(), patience, now));
            }
        }
    }

    private static void judge(Wire wire, Map<Integer, PeerProbe.Backend> backends, Patience patience, long now) {
        Line line = wire.line();
        PeerProbe.Backend backend = backends.get(line.pid());
        if (line.pid() == 0) {
            // It is logging in, which may take what it takes, but not for ever.
            if (wire.silence(now) >= 2 * SilenceWatch.LIMIT.toNanos()) {
                cut(wire, now, "although the server answers to a new connection");
            }
        } else if (backend == null || !isOf(line, backend)) {
            cut(wire, now, "and the server has no such session any more (pid " + line.pid() + ")");
        } else if (!backend.waitsForClient()) {
            wire.acquit();
        } else if (wire.isSuspectedFor(patience.limit(), now)) {
            cut(wire, now, "and the server waits for us as well (pid " + line.pid() + "): nothing gets through");
        }
    }

    /// Numbers are given out again. A session whose first packets are still on their way has not been told its
    /// beginning.
    private static boolean isOf(Line line, PeerProbe.Backend backend) {
        return backend.applicationName().equals(line.applicationName())
                && (line.started().isEmpty() || backend.started().equals(line.started()));
    }

    private static void cut(Wire wire, long now, String reason) {
        long silence = wire.silence(now);
        // Something has come or gone meanwhile.
        if (silence < SilenceWatch.patience().limit().toNanos()) {
            return;
        }
        String message = "nothing was heard for " + silence / 1_000_000_000 + " s on the "
                + wire.line().describe() + ", " + reason;
        log.warn("silent session cut: {}", message);
        wire.cut(message);
    }
}
