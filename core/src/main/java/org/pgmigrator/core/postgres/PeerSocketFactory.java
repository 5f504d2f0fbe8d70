package org.pgmigrator.core.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import javax.net.SocketFactory;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/// Makes sockets that connect to one numeric address, whatever name the driver knows the host by, with libpq's
/// keepalive
/// parameters: that is how `hostaddr` and hosts with several addresses are served.
///
/// For a walsender the socket's input is a [GatheringInputStream]. What comes and goes is heard by a [Wire].
///
/// Public with a public constructor because the driver makes it by its name.
public final class PeerSocketFactory extends SocketFactory {

    /// To a near server the window is kept this small: a full one is what makes the walsender's sends cheap. It still
    /// allows 128 MB/s at the longest round trip that counts as near.
    private static final int NEAR_RECEIVE_BUFFER_BYTES = 32 * 1024;

    /// A handshake that took longer leaves the window to the kernel, which fits it to bandwidth and delay.
    private static final long NEAR_NANOS = 250_000;

    private final InetAddress address;
    private final int idleSeconds;
    private final int intervalSeconds;
    private final int count;
    private final boolean gathering;
    private final @Nullable Line line;

    /// @param argument address, idle seconds, interval seconds, count, whether the input gathers and the number of the
    ///                 line, with blanks between; 0 leaves the system's, no number is not watched
    public PeerSocketFactory(String argument) {
        String[] parts = argument.split(" ", -1);
        this.address = InetAddress.ofLiteral(parts[0]);
        this.idleSeconds = Integer.parseInt(parts[1]);
        this.intervalSeconds = Integer.parseInt(parts[2]);
        this.count = Integer.parseInt(parts[3]);
        this.gathering = Boolean.parseBoolean(parts[4]);
        this.line = Line.byNumber(parts[5]);
    }

    /// The constructor's argument.
    static String argument(
            InetAddress address, int idleSeconds, int intervalSeconds, int count, boolean gathering, String line) {
        return address.getHostAddress() + " " + idleSeconds + " " + intervalSeconds + " " + count + " " + gathering
                + " " + line;
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

        private final @Nullable Wire wire = line == null ? null : new Wire(line, this);
        private @Nullable InputStream input;
        private @Nullable OutputStream output;

        @Override
        public void connect(SocketAddress endpoint, int timeoutMillis) throws IOException {
            int port = ((InetSocketAddress) endpoint).getPort();
            long start = System.nanoTime();
            InetSocketAddress peer = new InetSocketAddress(address, port);
            if (wire == null) {
                super.connect(peer, timeoutMillis);
            } else {
                connect(wire, peer, timeoutMillis);
            }
            if (gathering && (address.isLoopbackAddress() || System.nanoTime() - start < NEAR_NANOS)) {
                setReceiveBufferSize(NEAR_RECEIVE_BUFFER_BYTES);
            }
            set(ExtendedSocketOptions.TCP_KEEPIDLE, idleSeconds);
            set(ExtendedSocketOptions.TCP_KEEPINTERVAL, intervalSeconds);
            set(ExtendedSocketOptions.TCP_KEEPCOUNT, count);
        }

        private void connect(Wire watched, InetSocketAddress peer, int timeoutMillis) throws IOException {
            boolean connected = false;
            SilenceWatch.add(watched);
            try {
                watched.send(() -> super.connect(peer, timeoutMillis));
                connected = true;
            } finally {
                if (!connected) {
                    close();
                }
            }
        }

        /// The same stream each time, for it may hold bytes. A TLS socket around this one reads from it, too.
        @Override
        public synchronized InputStream getInputStream() throws IOException {
            InputStream known = input;
            if (known == null) {
                InputStream raw = super.getInputStream();
                InputStream heard = wire == null ? raw : wire.heard(raw);
                known = gathering ? new GatheringInputStream(heard) : heard;
                input = known;
            }
            return known;
        }

        @Override
        public synchronized OutputStream getOutputStream() throws IOException {
            OutputStream known = output;
            if (known == null) {
                OutputStream raw = super.getOutputStream();
                known = wire == null ? raw : wire.heard(raw);
                output = known;
            }
            return known;
        }

        @Override
        public void close() throws IOException {
            // First, so that whoever finds it closed can ask why.
            if (wire != null) {
                SilenceWatch.remove(wire);
            }
            super.close();
        }

        private void set(SocketOption<Integer> option, int value) throws IOException {
            if (value > 0 && supportedOptions().contains(option)) {
                setOption(option, value);
            }
        }
    }
}
