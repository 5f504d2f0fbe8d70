package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.config.Secret;

class WireTest {

    private ServerSocket server;
    private Socket socket;
    private Socket peer;
    private Wire wire;
    private InputStream input;
    private OutputStream output;

    @BeforeEach
    void connect() throws IOException {
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        socket = new Socket();
        socket.connect(new InetSocketAddress(server.getInetAddress(), server.getLocalPort()));
        peer = server.accept();
        Parameters parameters =
                ConnectionString.read(Side.TARGET, new Secret("host=localhost dbname=d user=u").reveal());
        ConnectionDefaults defaults = new ConnectionDefaults(parameters, Map.of());
        defaults.complete();
        Route route = Route.of(parameters, defaults, new java.util.ArrayList<>());
        Line line = Line.opening(route, route.endpoints().getFirst(), server.getInetAddress(), "pg-migrator test");
        line.notOpened();
        wire = new Wire(line, socket);
        input = wire.heard(socket.getInputStream());
        output = wire.heard(socket.getOutputStream());
    }

    @AfterEach
    void close() throws IOException {
        socket.close();
        peer.close();
        server.close();
    }

    private long silentMillis() {
        return TimeUnit.NANOSECONDS.toMillis(wire.silence(System.nanoTime()));
    }

    @Test
    void anIdleWireIsNotSilentAndOneThatIsReadIsUntilSomethingComes() throws Exception {
        assertThat(wire.silence(System.nanoTime())).isNegative();
        CompletableFuture<Integer> read = CompletableFuture.supplyAsync(() -> {
            try {
                return input.read();
            } catch (IOException failure) {
                throw new java.io.UncheckedIOException(failure);
            }
        });
        await().until(() -> silentMillis() >= 200);
        peer.getOutputStream().write(7);
        assertThat(read.get(10, TimeUnit.SECONDS)).isEqualTo(7);
        assertThat(wire.silence(System.nanoTime())).isNegative();
    }

    @Test
    void aReaderThatPollsWaitsFromItsFirstTryOn() throws Exception {
        socket.setSoTimeout(1);
        long start = System.nanoTime();
        while (System.nanoTime() - start < Duration.ofMillis(300).toNanos()) {
            assertThatThrownBy(() -> input.read()).isInstanceOf(SocketTimeoutException.class);
            Thread.sleep(20);
        }
        assertThat(silentMillis()).isBetween(250L, 5_000L);
        peer.getOutputStream().write(7);
        socket.setSoTimeout(0);
        assertThat(input.read()).isEqualTo(7);
        assertThat(wire.silence(System.nanoTime())).isNegative();
    }

    @Test
    void aReaderThatPollsNoMoreWaitsForNothing() throws Exception {
        socket.setSoTimeout(1);
        assertThatThrownBy(() -> input.read()).isInstanceOf(SocketTimeoutException.class);
        assertThat(wire.silence(System.nanoTime())).isNotNegative();
        await().atMost(Duration.ofSeconds(10)).until(() -> wire.silence(System.nanoTime()) < 0);
        assertThatThrownBy(() -> input.read()).isInstanceOf(SocketTimeoutException.class);
        assertThat(silentMillis()).isLessThan(2_000);
    }

    @Test
    void aPeerThatTakesNothingIsSilentAndOneThatTakesAPortionIsNot() throws Exception {
        CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
            try {
                output.write(new byte[32 << 20]);
            } catch (IOException failure) {
                throw new java.io.UncheckedIOException(failure);
            }
        });
        await().until(() -> silentMillis() >= 300);
        peer.getInputStream().readNBytes(16 << 20);
        assertThat(silentMillis()).isLessThan(300);
        wire.cut("the reason");
        assertThatThrownBy(() -> sent.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasStackTraceContaining("SilentPeerException: the reason");
    }

    @Test
    void itIsSuspectedOnlyIfTheServerWaitsForUsThroughOneAndTheSameSilence() throws Exception {
        socket.setSoTimeout(1);
        assertThatThrownBy(() -> input.read()).isInstanceOf(SocketTimeoutException.class);
        long now = System.nanoTime();
        Duration limit = Duration.ofMillis(100);
        assertThat(wire.isSuspectedFor(limit, now)).isFalse();
        assertThat(wire.isSuspectedFor(limit, now + limit.toNanos())).isTrue();
        wire.acquit();
        assertThat(wire.isSuspectedFor(limit, now + limit.toNanos())).isFalse();

        peer.getOutputStream().write(7);
        socket.setSoTimeout(0);
        assertThat(input.read()).isEqualTo(7);
        socket.setSoTimeout(1);
        assertThatThrownBy(() -> input.read()).isInstanceOf(SocketTimeoutException.class);
        assertThat(wire.isSuspectedFor(limit, System.nanoTime() + 3 * limit.toNanos()))
                .isFalse();
    }
}
