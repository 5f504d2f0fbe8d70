package org.pgmigrator.bench;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.pgmigrator.core.apply.Applier;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.stream.AckPosition;
import org.pgmigrator.core.stream.ChangeQueue;
import org.pgmigrator.core.stream.StreamConfig;
import org.pgmigrator.core.stream.WalReceiver;

/// The process that [Migrator] starts: the receiver and the applier of a migration, put together as in its streaming
/// phase, from a progress row that is there already.
///
/// Takes on standard input the URIs of source and target, the slot and the way to apply, opens
/// its sessions, says `ready`, begins at `go`
/// and ends when its input ends.
final class ApplyProcess {

    static final String SUBSCRIPTION = "bench";
    static final String READY = "ready";
    static final String GO = "go";
    static final String MEASURE = "measure";

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final int WATCH_MILLIS = 20;

    private ApplyProcess() {}

    public static void main(String[] arguments) throws IOException, InterruptedException, SQLException {
        try (BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            Database source = Database.parse(Side.SOURCE, new Secret(line(input)), Map.of());
            Database target = Database.parse(Side.TARGET, new Secret(line(input)), Map.of());
            String slot = line(input);
            ApplyConfig config = ApplyConfig.of(ApplyConfig.Mode.valueOf(line(input)), Integer.parseInt(line(input)));
            boolean binary = ApplyConfig.WireFormat.valueOf(line(input)) == ApplyConfig.WireFormat.BINARY;
            String decodingMemory = line(input);
            // In a migration the sessions' code has been at work for a long time when the stream begins.
            try (Applier.Ready ready = Applier.open(target, SUBSCRIPTION, config, binary);
                    Connection walsender = source.connectReplication(walsender(Long.parseLong(decodingMemory)))) {
                System.out.println(READY);
                if (GO.equals(input.readLine())) {
                    apply(ready, walsender, slot, binary, input);
                }
            }
        }
    }

    /// @param decodingMemory bytes; 0: as the source is set up
    private static Session walsender(long decodingMemory) {
        Session session = Session.named("stream");
        return decodingMemory == 0 ? session : session.with("logical_decoding_work_mem", (decodingMemory >> 10) + "kB");
    }

    private static String line(BufferedReader input) throws IOException {
        return Objects.requireNonNull(input.readLine(), "the input has ended");
    }

    private static void apply(
            Applier.Ready ready, Connection walsender, String slot, boolean binary, BufferedReader input)
            throws InterruptedException, SQLException {
        AtomicBoolean ended = new AtomicBoolean();
        long allocatedBefore = THREADS.getTotalThreadAllocatedBytes();
        Thread.ofPlatform().daemon().start(() -> listen(input, allocatedBefore, ended));
        ChangeQueue queue = new ChangeQueue(ChangeQueue.DEFAULT_CAPACITY_BYTES);
        AckPosition acknowledged = new AckPosition(ready.progress().confirmable());
        StreamConfig stream = new StreamConfig(
                slot, List.of(Run.PUBLICATION), binary, ready.progress().applied());
        Optional<MigrationException> failure = Optional.empty();
        try (Applier applier = ready.start(queue, acknowledged);
                WalReceiver receiver = WalReceiver.start(walsender, stream, name -> true, queue, acknowledged)) {
            while (!ended.get() && failure.isEmpty()) {
                Thread.sleep(WATCH_MILLIS);
                failure = applier.failure().or(receiver::failure);
            }
        }
        failure.ifPresent(reason -> {
            throw reason;
        });
    }

    private static void listen(BufferedReader input, long allocatedBefore, AtomicBoolean ended) {
        try {
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                if (line.equals(MEASURE)) {
                    System.out.println(THREADS.getTotalThreadAllocatedBytes() - allocatedBefore);
                }
            }
        } catch (IOException gone) {
            // As good as the end.
        }
        ended.set(true);
    }
}
