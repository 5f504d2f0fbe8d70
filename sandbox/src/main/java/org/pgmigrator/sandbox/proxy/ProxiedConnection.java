package org.pgmigrator.sandbox.proxy;

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/// One client's connection through the proxy: two sockets and four threads.
final class ProxiedConnection {

    private final Socket client;
    private final Socket server;
    private final Faults network;
    private final Faults own = new Faults();
    private final List<Thread> threads;
    private volatile boolean swallowed;

    ProxiedConnection(Socket client, Socket server, Faults faults, LongAdder toServer, LongAdder toClient) {
        this.client = client;
        this.server = server;
        this.network = faults;
        Pump up = new Pump(client, server, List.of(faults, own), toServer, this::lost);
        Pump down = new Pump(server, client, List.of(faults, own), toClient, this::lost);
        threads = List.of(
                Thread.ofVirtual().name("proxy-up-read").unstarted(up::read),
                Thread.ofVirtual().name("proxy-up-write").unstarted(up::write),
                Thread.ofVirtual().name("proxy-down-read").unstarted(down::read),
                Thread.ofVirtual().name("proxy-down-write").unstarted(down::write));
    }

    /// Carries bytes until both directions have ended.
    void run() throws InterruptedException {
        threads.forEach(Thread::start);
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } finally {
            reset();
        }
    }

    /// From which port of the proxy it goes on, which is what the server sees.
    int port() {
        return server.getLocalPort();
    }

    /// No byte of it passes any more, and no end.
    void swallow() {
        swallowed = true;
        own.blackHole(true);
    }

    boolean isSwallowed() {
        return swallowed;
    }

    /// One side has gone: in a black hole the other one hears nothing of that.
    private void lost() {
        try {
            network.awaitPassage(System.nanoTime());
            own.awaitPassage(System.nanoTime());
            reset();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends both sides with a TCP reset, as a rebooting router does. After an orderly end of both it only frees them.
    void reset() {
        reset(client);
        reset(server);
        threads.forEach(Thread::interrupt);
    }

    private static void reset(Socket socket) {
        try {
            if (!socket.isClosed()) {
                socket.setSoLinger(true, 0);
                socket.close();
            }
        } catch (IOException e) {
            // Lost already, which is what was wanted.
        }
    }
}
