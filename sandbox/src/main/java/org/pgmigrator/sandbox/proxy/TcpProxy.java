package org.pgmigrator.sandbox.proxy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.pgmigrator.sandbox.server.PostgresServer;

/// A TCP proxy on 127.0.0.1 in front of a server, with faults. Thread-safe.
public final class TcpProxy implements AutoCloseable {

    private static final Duration CONNECT_DEADLINE = Duration.ofSeconds(10);

    private final String serverHost;
    private final int serverPort;
    private final ServerSocket listener;
    private final Faults faults = new Faults();
    private final Set<ProxiedConnection> connections = ConcurrentHashMap.newKeySet();
    private final LongAdder bytesToServer = new LongAdder();
    private final LongAdder bytesToClient = new LongAdder();
    private final Thread acceptor =
            Thread.ofPlatform().daemon().name("proxy-accept").unstarted(this::accept);
    private volatile boolean refusing;

    private TcpProxy(String serverHost, int serverPort) throws IOException {
        this.serverHost = serverHost;
        this.serverPort = serverPort;
        listener = new ServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
    }

    public static TcpProxy inFrontOf(String host, int port) {
        try {
            TcpProxy proxy = new TcpProxy(host, port);
            proxy.acceptor.start();
            return proxy;
        } catch (IOException e) {
            throw new UncheckedIOException("no port for the proxy", e);
        }
    }

    public static TcpProxy inFrontOf(PostgresServer server) {
        return inFrontOf(server.host(), server.port());
    }

    public String host() {
        return "127.0.0.1";
    }

    public int port() {
        return listener.getLocalPort();
    }

    /// The server as seen through this proxy. Closing what is returned closes the proxy, never the server.
    public PostgresServer asServer(PostgresServer server) {
        return new ProxiedServer(server, this);
    }

    /// Resets every connection. New ones may be made at once.
    public void cut() {
        connections.forEach(ProxiedConnection::reset);
    }

    /// Resets every connection that is made from now on, or no longer does. Existing ones go on.
    public void refuse(boolean wanted) {
        refusing = wanted;
    }

    /// Lets no byte pass in either direction, and tells nobody, or lets them all pass again, the withheld ones first.
    /// New connections are accepted and hear nothing; of an end the other side hears when bytes pass again.
    public void blackHole(boolean wanted) {
        faults.blackHole(wanted);
    }

    /// From now on no byte of the present connections passes, and neither side hears that the other one has gone: as
    /// after a firewall has forgotten them. New ones are not concerned.
    public void swallow() {
        connections.forEach(ProxiedConnection::swallow);
    }

    /// As [#swallow()], for one connection alone.
    ///
    /// @param port of its client, as the server sees it
    /// @return whether there is such a connection
    public boolean swallow(int port) {
        return connections.stream()
                .filter(connection -> connection.port() == port)
                .findFirst()
                .map(connection -> {
                    connection.swallow();
                    return true;
                })
                .orElse(false);
    }

    /// Resets the connections that were swallowed, so that both sides hear of it at last.
    public void cutSwallowed() {
        connections.stream().filter(ProxiedConnection::isSwallowed).forEach(ProxiedConnection::reset);
    }

    /// Holds each byte back for this long in each direction; zero for no delay.
    public void delay(Duration wanted) {
        faults.delay(wanted);
    }

    /// Lets at most this many bytes pass, in each second, direction and connection; 0 for no limit.
    public void throttle(long bytesPerSecond) {
        faults.throttle(bytesPerSecond);
    }

    public int connectionCount() {
        return connections.size();
    }

    public long bytesToServer() {
        return bytesToServer.sum();
    }

    public long bytesToClient() {
        return bytesToClient.sum();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Thread.ofVirtual().name("proxy-connection").start(() -> carry(client));
            } catch (IOException e) {
                // Closed, or the client has left before it was accepted.
            }
        }
    }

    private void carry(Socket client) {
        try (client;
                Socket server = new Socket()) {
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            if (refusing) {
                client.setSoLinger(true, 0);
                return;
            }
            server.connect(new InetSocketAddress(serverHost, serverPort), (int) CONNECT_DEADLINE.toMillis());
            ProxiedConnection connection = new ProxiedConnection(client, server, faults, bytesToServer, bytesToClient);
            connections.add(connection);
            try {
                if (!listener.isClosed()) {
                    connection.run();
                }
            } finally {
                connections.remove(connection);
            }
        } catch (IOException e) {
            // The server cannot be reached: the client sees its connection closed.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Resets every connection and listens no longer.
    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException("the proxy's port cannot be closed", e);
        }
        // The kernel keeps the port open for as long as a thread is in its call of accept.
        try {
            acceptor.join(CONNECT_DEADLINE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        cut();
    }
}
