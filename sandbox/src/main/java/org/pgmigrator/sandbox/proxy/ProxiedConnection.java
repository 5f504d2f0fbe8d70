package org.pgmigrator.sandbox.proxy;

import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/// One client's connection through the proxy: two sockets and four threads.
final class ProxiedConnection {

    private final Socket client;
    private final Socket server;
    private final List<Thread> threads;

    ProxiedConnection(Socket client, Socket server, Faults faults, LongAdder toServer, LongAdder toClient) {
        this.client = client;
        this.server = server;
        Pump up = new Pump(client, server, faults, toServer, this::reset);
        Pump down = new Pump(server, client, faults, toClient, this::reset);
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
