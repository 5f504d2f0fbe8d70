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
                Socket socket = new PeerSocketFactory(PeerSocketFactory.argument(loopback, 7, 3, 2)).createSocket()) {
            socket.connect(InetSocketAddress.createUnresolved("no-such-host.invalid", server.getLocalPort()), 5_000);
            assertThat(socket.getInetAddress()).isEqualTo(loopback);
            assertThat(socket.getOption(ExtendedSocketOptions.TCP_KEEPIDLE)).isEqualTo(7);
            assertThat(socket.getOption(ExtendedSocketOptions.TCP_KEEPINTERVAL)).isEqualTo(3);
            assertThat(socket.getOption(ExtendedSocketOptions.TCP_KEEPCOUNT)).isEqualTo(2);
        }
    }
}
