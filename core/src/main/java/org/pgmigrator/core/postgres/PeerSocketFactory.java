package org.pgmigrator.core.postgres;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import javax.net.SocketFactory;
import jdk.net.ExtendedSocketOptions;

/// Makes sockets that connect to one numeric address, whatever name the driver knows the host by, with libpq's
/// keepalive
/// parameters: that is how `hostaddr` and hosts with several addresses are served.
///
/// Public with a public constructor because the driver makes it by its name.
public final class PeerSocketFactory extends SocketFactory {

    private final InetAddress address;
    private final int idleSeconds;
    private final int intervalSeconds;
    private final int count;

    /// @param argument address, idle seconds, interval seconds and count, with blanks between; 0 leaves the system's
    public PeerSocketFactory(String argument) {
        String[] parts = argument.split(" ", -1);
        this.address = InetAddress.ofLiteral(parts[0]);
        this.idleSeconds = Integer.parseInt(parts[1]);
        this.intervalSeconds = Integer.parseInt(parts[2]);
        this.count = Integer.parseInt(parts[3]);
    }

    /// The constructor's argument.
    static String argument(InetAddress address, int idleSeconds, int intervalSeconds, int count) {
        return address.getHostAddress() + " " + idleSeconds + " " + intervalSeconds + " " + count;
    }

    @Override
    public Socket createSocket() {
        return new PeerSocket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(port);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localAddress, int localPort) throws IOException {
        return connected(port);
    }

    private Socket connected(int port) throws IOException {
        Socket socket = createSocket();
        socket.connect(new InetSocketAddress(address, port), 0);
        return socket;
    }

    private final class PeerSocket extends Socket {

        @Override
        public void connect(SocketAddress endpoint, int timeoutMillis) throws IOException {
            int port = ((InetSocketAddress) endpoint).getPort();
            super.connect(new InetSocketAddress(address, port), timeoutMillis);
            set(ExtendedSocketOptions.TCP_KEEPIDLE, idleSeconds);
            set(ExtendedSocketOptions.TCP_KEEPINTERVAL, intervalSeconds);
            set(ExtendedSocketOptions.TCP_KEEPCOUNT, count);
        }

        private void set(SocketOption<Integer> option, int value) throws IOException {
            if (value > 0 && supportedOptions().contains(option)) {
                setOption(option, value);
            }
        }
    }
}
