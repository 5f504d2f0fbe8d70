package org.pgmigrator.sandbox.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Against a server that sends everything back.
class TcpProxyTest {

    private static final byte[] LOOPBACK = {127, 0, 0, 1};

    private ServerSocket echo;
    private TcpProxy proxy;
    private Socket client;

    @BeforeEach
    void connect() throws IOException {
        echo = new ServerSocket(0, 5, InetAddress.getByAddress(LOOPBACK));
        Thread.ofVirtual().start(this::serve);
        proxy = TcpProxy.inFrontOf("127.0.0.1", echo.getLocalPort());
        client = open();
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        proxy.close();
        echo.close();
    }

    private void serve() {
        while (!echo.isClosed()) {
            try {
                Socket socket = echo.accept();
                Thread.ofVirtual().start(() -> {
                    try (socket) {
                        socket.getInputStream().transferTo(socket.getOutputStream());
                    } catch (IOException e) {
                        // Cut by the proxy.
                    }
                });
            } catch (IOException e) {
                return;
            }
        }
    }

    private Socket open() throws IOException {
        Socket socket = new Socket(InetAddress.getByAddress(LOOPBACK), proxy.port());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static byte[] echoed(Socket socket, byte[] bytes) throws IOException {
        InputStream input = socket.getInputStream();
        Thread writer = Thread.ofVirtual().start(() -> {
            try {
                socket.getOutputStream().write(bytes);
            } catch (IOException e) {
                // The reader says it.
            }
        });
        byte[] answer = input.readNBytes(bytes.length);
        assertThat(writer.isAlive() && answer.length < bytes.length).isFalse();
        return answer;
    }

    private long millisecondsToEcho(int length) throws IOException {
        long start = System.nanoTime();
        byte[] bytes = new byte[length];
        assertThat(echoed(client, bytes)).isEqualTo(bytes);
        return (System.nanoTime() - start) / 1_000_000;
    }

    @Test
    void bytesPassUnchangedAndAreCounted() throws IOException {
        byte[] bytes = new byte[3_000_000];
        new java.util.SplittableRandom(1).nextBytes(bytes);
        assertThat(echoed(client, bytes)).isEqualTo(bytes);
        assertThat(proxy.bytesToServer()).isEqualTo(bytes.length);
        assertThat(proxy.connectionCount()).isEqualTo(1);
    }

    @Test
    void endOfStreamPassesInOneDirectionAlone() throws IOException {
        client.getOutputStream().write(7);
        client.shutdownOutput();
        assertThat(client.getInputStream().readAllBytes()).containsExactly(7);
    }

    @Test
    void cutResetsConnectionsAndAllowsNewOnes() throws IOException {
        echoed(client, new byte[] {1});
        proxy.cut();
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
        try (Socket next = open()) {
            assertThat(echoed(next, new byte[] {2})).containsExactly(2);
        }
    }

    @Test
    void refusedConnectionsAreResetAndExistingOnesGoOn() throws IOException {
        echoed(client, new byte[] {1});
        proxy.refuse(true);
        try (Socket refused = open()) {
            assertThatThrownBy(() -> refused.getInputStream().read()).isInstanceOf(SocketException.class);
        }
        assertThat(echoed(client, new byte[] {2})).containsExactly(2);
        proxy.refuse(false);
        try (Socket next = open()) {
            assertThat(echoed(next, new byte[] {3})).containsExactly(3);
        }
    }

    @Test
    void blackHoleIsSilentAndThenGivesWhatItHeld() throws IOException {
        echoed(client, new byte[] {1});
        proxy.blackHole(true);
        client.getOutputStream().write(2);
        client.setSoTimeout(300);
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        client.setSoTimeout(10_000);
        proxy.blackHole(false);
        assertThat(client.getInputStream().read()).isEqualTo(2);
    }

    @Test
    void cutEndsAConnectionInTheBlackHole() throws IOException {
        echoed(client, new byte[] {1});
        proxy.blackHole(true);
        client.getOutputStream().write(2);
        proxy.cut();
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
    }

    @Test
    void delayHoldsBytesBackInBothDirectionsWithoutSlowingTheFlow() throws IOException {
        proxy.delay(Duration.ofMillis(100));
        assertThat(millisecondsToEcho(1)).isBetween(200L, 5_000L);
        // 60 chunks one after the other would need 12 seconds.
        assertThat(millisecondsToEcho(1_000_000)).isBetween(200L, 5_000L);
        proxy.delay(Duration.ZERO);
        assertThat(millisecondsToEcho(1)).isLessThan(200);
    }

    @Test
    void throttleBoundsTheRateAndCanBeLifted() throws IOException {
        proxy.throttle(100_000);
        assertThat(millisecondsToEcho(50_000)).isGreaterThanOrEqualTo(490);
        proxy.throttle(0);
        assertThat(millisecondsToEcho(1_000_000)).isLessThan(5_000);
    }

    @Test
    void closedProxyAcceptsNothing() {
        int port = proxy.port();
        proxy.close();
        assertThatThrownBy(() -> new Socket(InetAddress.getByAddress(LOOPBACK), port).close())
                .isInstanceOf(IOException.class);
    }

    @Test
    void aSwallowedConnectionHearsNothingMoreNotEvenAnEndAndNewOnesPass() throws IOException {
        echoed(client, new byte[] {1});
        proxy.swallow();
        client.getOutputStream().write(2);
        client.setSoTimeout(300);
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        try (Socket next = open()) {
            assertThat(echoed(next, new byte[] {3})).containsExactly(3);
        }
        assertThat(proxy.swallow(1)).isFalse();
        client.setSoLinger(true, 0);
        client.close();
        assertThat(proxy.connectionCount()).isGreaterThan(0);
        proxy.cutSwallowed();
        awaitNoConnection();
    }

    @Test
    void inABlackHoleTheServerDoesNotHearThatItsClientHasGone() throws IOException {
        echoed(client, new byte[] {1});
        proxy.blackHole(true);
        client.setSoLinger(true, 0);
        client.close();
        assertThat(proxy.connectionCount()).isEqualTo(1);
        proxy.blackHole(false);
        awaitNoConnection();
    }

    private void awaitNoConnection() {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (proxy.connectionCount() > 0) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}
