package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// A PostgreSQL server from this module's own binaries, as child processes on the loopback interface.
///
/// It is gone, with its files, after `close()` and after an ordered end of the JVM. If the JVM is killed the server
/// stops
/// by itself (on Linux), and its files go when the next server is started.
///
/// Thread-safe: control is serialised.
public final class EmbeddedServer implements PostgresServer {

    private static final String SUPERUSER = "postgres";

    /// How long a restart waits for its old port or its old processes.
    private static final Duration RETRY_DEADLINE = Duration.ofSeconds(15);

    private static final AtomicBoolean ABANDONED_REMOVED = new AtomicBoolean();

    private final ServerSpec spec;
    private final ServerBinaries binaries;
    private final InstanceDirectory directory;
    private final ServerAccount account;
    private final Thread shutdownHook = new Thread(this::remove, "sandbox-server-removal");

    private volatile int port;
    private @Nullable Postmaster postmaster;
    private boolean closed;

    private EmbeddedServer(ServerSpec spec, ServerBinaries binaries, InstanceDirectory directory) throws IOException {
        this.spec = spec;
        this.binaries = binaries;
        this.directory = directory;
        this.account = ServerAccount.find(directory.path());
        this.port = freePort();
    }

    public static EmbeddedServer start(int major, String... databases) {
        return start(ServerSpec.of(major).database(databases));
    }

    /// Makes and starts a server, and returns when it accepts connections.
    public static EmbeddedServer start(ServerSpec spec) {
        ServerBinaries binaries = ServerBinaries.of(spec.major());
        if (ABANDONED_REMOVED.compareAndSet(false, true)) {
            InstanceDirectory.removeAbandoned();
        }
        try {
            EmbeddedServer server = new EmbeddedServer(spec, binaries, InstanceDirectory.create());
            Runtime.getRuntime().addShutdownHook(server.shutdownHook);
            try {
                server.create();
                return server;
            } catch (IOException | SQLException | RuntimeException failure) {
                server.closeAfter(failure);
                throw failure;
            }
        } catch (IOException | SQLException e) {
            throw new SandboxException("cannot start a server of major " + spec.major() + ": " + e.getMessage(), e);
        }
    }

    private synchronized void create() throws IOException, SQLException {
        new DataDirectory(binaries, account, directory).create(spec, SUPERUSER);
        startOn(true);
        for (String database : spec.databases()) {
            createDatabase(database);
        }
    }

    /// Starts the stopped or killed server again, on the same port, and returns when it accepts connections.
    public synchronized void start() {
        if (postmaster != null && postmaster.isAlive()) {
            throw new SandboxException("the server runs already");
        }
        startOn(false);
    }

    private void startOn(boolean anyPort) {
        if (closed) {
            throw new SandboxException("the server is closed");
        }
        long deadline = System.nanoTime() + RETRY_DEADLINE.toNanos();
        while (true) {
            try {
                postmaster = Postmaster.start(binaries, account, directory, port);
                return;
            } catch (Postmaster.NotStarted failure) {
                boolean again = failure.isPortTaken() || failure.isMemoryInUse();
                if (!again || System.nanoTime() > deadline) {
                    throw new SandboxException(
                            "the server of major " + spec.major() + " did not start:\n" + failure.log(), failure);
                }
                if (anyPort && failure.isPortTaken()) {
                    port = freePort();
                } else {
                    pause();
                }
            }
        }
    }

    /// Stops the server; the data stay for `start()`.
    public synchronized void stop(StopMode mode) {
        running().stop(mode);
        postmaster = null;
    }

    /// `kill -9` of the postmaster and of all its processes; the data stay for `start()`.
    public synchronized void kill() {
        running().kill();
        postmaster = null;
    }

    public synchronized void restart(StopMode mode) {
        stop(mode);
        start();
    }

    /// Why no server can have a disk of its own here; empty if it can.
    public static Optional<String> diskObstacle() {
        return OwnDisk.obstacle();
    }

    /// From now on its disk is full. For a server on its own disk only.
    public void fillDisk() {
        disk().fill();
    }

    /// Its disk has room again.
    public void freeDisk() {
        disk().free();
    }

    private OwnDisk disk() {
        if (!spec.ownDisk()) {
            throw new SandboxException("the server has no disk of its own");
        }
        return new OwnDisk(directory.data());
    }

    public synchronized boolean isRunning() {
        return postmaster != null && postmaster.isAlive();
    }

    public Path dataDirectory() {
        return directory.data();
    }

    /// The server's log, from its first start on.
    public Path logFile() {
        return directory.log();
    }

    @Override
    public int major() {
        return spec.major();
    }

    @Override
    public String host() {
        return "127.0.0.1";
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public String superuser() {
        return SUPERUSER;
    }

    @Override
    public String password() {
        return spec.password();
    }

    @Override
    public void close() {
        remove();
        try {
            Runtime.getRuntime().removeShutdownHook(shutdownHook);
        } catch (IllegalStateException e) {
            // The JVM is ending, and the hook finds nothing left to do.
        }
    }

    private synchronized void remove() {
        if (closed) {
            return;
        }
        // An interrupted caller's server must go as well.
        boolean interrupted = Thread.interrupted();
        try {
            closed = true;
            if (postmaster != null && postmaster.isAlive()) {
                postmaster.stop(StopMode.IMMEDIATE);
            }
            PostmasterPid.read(directory.data()).ifPresent(PostmasterPid::removeSharedMemory);
            directory.delete();
        } catch (IOException e) {
            throw new SandboxException("cannot remove " + directory.path() + ": " + e, e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void closeAfter(Exception failure) {
        try {
            close();
        } catch (RuntimeException second) {
            failure.addSuppressed(second);
        }
    }

    private Postmaster running() {
        if (postmaster == null) {
            throw new SandboxException("the server does not run");
        }
        return postmaster;
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new SandboxException("no free port on 127.0.0.1: " + e.getMessage(), e);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("interrupted while waiting for the server", e);
        }
    }

    @Override
    public String toString() {
        return "PostgreSQL " + spec.major() + " on 127.0.0.1:" + port;
    }
}
