package org.pgmigrator.core.postgres;

import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// The way of one session to one server, and what it is known by there.
///
/// The driver makes its sockets by the name of a class and a text: by its number in that text a line is found again.
/// Thread-safe.
final class Line {

    /// More sessions than a process opens while a server may still keep one of before.
    private static final int REMEMBERED = 500;

    private static final int APPLICATION_NAME_LENGTH = 63;

    private static final AtomicLong NUMBERS = new AtomicLong();
    private static final Map<String, Line> OPENING = new ConcurrentHashMap<>();

    /// Lines on which nothing goes any more, whatever their servers think; the latest last.
    private static final Deque<Line> PAST = new ArrayDeque<>();

    private final String number = Long.toString(NUMBERS.incrementAndGet());
    private final Route route;
    private final Endpoint endpoint;
    private final InetAddress address;
    private final String applicationName;
    private final Set<Wire> wires = ConcurrentHashMap.newKeySet();
    private volatile int pid;
    private volatile String started = "";
    private volatile @Nullable String cutBecause;

    private Line(Route route, Endpoint endpoint, InetAddress address, String applicationName) {
        this.route = route;
        this.endpoint = endpoint;
        this.address = address;
        this.applicationName =
                applicationName.substring(0, Math.min(applicationName.length(), APPLICATION_NAME_LENGTH));
    }

    /// Where a server listens.
    record Peer(InetAddress address, int port) {}

    /// One that is about to be opened, to be followed by [#opened] or [#notOpened].
    static Line opening(Route route, Endpoint endpoint, InetAddress address, String applicationName) {
        Line line = new Line(route, endpoint, address, applicationName);
        OPENING.put(line.number, line);
        return line;
    }

    /// @param serverPid of the server's process
    void opened(int serverPid) {
        pid = serverPid;
        OPENING.remove(number);
    }

    void notOpened() {
        OPENING.remove(number);
    }

    String number() {
        return number;
    }

    /// The line that is being opened under this number, if it is.
    static @Nullable Line byNumber(String number) {
        return OPENING.get(number);
    }

    Route route() {
        return route;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    InetAddress address() {
        return address;
    }

    Peer peer() {
        return new Peer(address, endpoint.port());
    }

    String applicationName() {
        return applicationName;
    }

    /// The server's process; 0 before it is known.
    int pid() {
        return pid;
    }

    /// @param byServer when the server's process began, by its own account
    void began(String byServer) {
        started = byServer;
    }

    /// When the server's process began, as the server writes it: to be compared with what it writes later, never with
    /// any clock. Empty before it is known.
    String started() {
        return started;
    }

    /// `session "pg-migrator apply" with the target db:5432`.
    String describe() {
        return "session \"" + applicationName + "\" with the " + route.side().word() + " " + endpoint.describe();
    }

    /// One of its wires is cut.
    void cut(String reason) {
        cutBecause = reason;
    }

    /// Why it was cut, if it was.
    Optional<String> cutBecause() {
        return Optional.ofNullable(cutBecause);
    }

    void add(Wire wire) {
        wires.add(wire);
    }

    void remove(Wire wire) {
        boolean last = wires.remove(wire) && wires.isEmpty() && pid != 0;
        if (last) {
            synchronized (PAST) {
                PAST.addLast(this);
                if (PAST.size() > REMEMBERED) {
                    PAST.removeFirst();
                }
            }
        }
    }

    /// The line that is over here and was served by this process of a server, if there was one.
    static Optional<Line> past(Side side, int pid) {
        synchronized (PAST) {
            return List.copyOf(PAST).reversed().stream()
                    .filter(line -> line.pid == pid && line.route.side() == side)
                    .findFirst();
        }
    }
}
