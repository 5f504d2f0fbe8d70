package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.api.Test;

class PeerSocketFactoryTest {

    @Test
    void theSocketGoesToItsAddressWhateverTheNameAndKeepsAliveAsAsked() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket server = new ServerSocket(0, 1, loopback);
                Socket socket = new PeerSocketFactory(PeerSocketFactory.argument(loopback, 7, 3, 2, false, ""))
                        .createSocket()) {
            socket.connect(InetSocketAddress.createUnresolved("no-such-host.invalid", server.getLocalPort()), 5_000);
            assertThat(socket.getInetAddress()).isEqualTo(loopback);
            assertThat(socket.getOption(ExtendedSocketOptions.TCP_KEEPIDLE)).isEqualTo(7);
            assertThat(socket.getOption(ExtendedSocketOptions.TCP_KEEPINTERVAL)).isEqualTo(3);
            assertThat(socket.getOption(ExtendedSocketOptions.TCP_KEEPCOUNT)).isEqualTo(2);
        }
    }

    @Test
    void aWalsendersInputIsOneStreamThatGathersAndTheWindowOfANearServerIsSmall() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket server = new ServerSocket(0, 2, loopback);
                Socket plain =
                        new PeerSocketFactory(PeerSocketFactory.argument(loopback, 0, 0, 0, false, "")).createSocket();
                Socket walsender =
                        new PeerSocketFactory(PeerSocketFactory.argument(loopback, 0, 0, 0, true, "")).createSocket()) {
            plain.connect(InetSocketAddress.createUnresolved("any.invalid", server.getLocalPort()), 5_000);
            walsender.connect(InetSocketAddress.createUnresolved("any.invalid", server.getLocalPort()), 5_000);
            assertThat(plain.getInputStream()).isNotInstanceOf(GatheringInputStream.class);
            assertThat(walsender.getInputStream())
                    .isInstanceOf(GatheringInputStream.class)
                    .isSameAs(walsender.getInputStream());
            // Linux doubles what is asked for.
            assertThat(walsender.getReceiveBufferSize()).isBetween(32 * 1024, 2 * 32 * 1024);
        }
    }
}
