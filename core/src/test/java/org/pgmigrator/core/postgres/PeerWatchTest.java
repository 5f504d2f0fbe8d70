package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.postgres.SilenceWatch.Patience;

class PeerWatchTest {

    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Patience ORDINARY = new Patience(LONG, LONG, LONG, 2);
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final Patience HURRIED = new Patience(SHORT, SHORT, SHORT, 1);

    private final AtomicInteger asked = new AtomicInteger();
    private Socket socket;
    private List<Wire> silent;

    @BeforeEach
    void makeWire() {
        Parameters parameters =
                ConnectionString.read(Side.TARGET, new Secret("host=localhost dbname=d user=u").reveal());
        ConnectionDefaults defaults = new ConnectionDefaults(parameters, Map.of());
        defaults.complete();
        Route route = Route.of(parameters, defaults, new ArrayList<>());
        Line line =
                Line.opening(route, route.endpoints().getFirst(), InetAddress.getLoopbackAddress(), "pg-migrator test");
        line.notOpened();
        socket = new Socket();
        silent = List.of(new Wire(line, socket));
    }

    @AfterEach
    void close() throws IOException {
        socket.close();
    }

    private void awaitAsked(int times) {
        await().atMost(Duration.ofSeconds(10)).until(() -> asked.get() == times);
    }

    @Test
    void aServerThatHasAnsweredIsAskedAgainAtOnceWhenSomebodyIsInAHurry() {
        PeerWatch watch = new PeerWatch((line, pids, limit, login) -> {
            asked.incrementAndGet();
            return new PeerProbe.Processes(Map.of());
        });
        watch.look(silent, ORDINARY);
        awaitAsked(1);
        await().pollDelay(SHORT.multipliedBy(2)).until(() -> true);
        watch.look(silent, ORDINARY);
        assertThat(asked).hasValue(1);
        await().atMost(Duration.ofSeconds(10)).until(() -> {
            watch.look(silent, HURRIED);
            return asked.get() >= 2;
        });
    }

    @Test
    void whoIsInAHurryDoesNotWaitForAPatientProbe() throws InterruptedException {
        CountDownLatch answer = new CountDownLatch(1);
        PeerWatch watch = new PeerWatch((line, pids, limit, login) -> {
            asked.incrementAndGet();
            try {
                answer.await();
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
            }
            return new PeerProbe.Unreachable("nobody");
        });
        watch.look(silent, ORDINARY);
        awaitAsked(1);
        watch.look(silent, ORDINARY);
        watch.look(silent, HURRIED);
        awaitAsked(2);
        watch.look(silent, HURRIED);
        Thread.sleep(100);
        assertThat(asked).hasValue(2);
        answer.countDown();
    }
}
