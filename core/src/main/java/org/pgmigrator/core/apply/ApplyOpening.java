package org.pgmigrator.core.apply;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.pgmigrator.core.config.ApplyConfig;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Opens the sessions on the target that apply, and takes over the progress. Used once.
final class ApplyOpening {

    private static final Logger log = LoggerFactory.getLogger(ApplyOpening.class);

    private static final Duration TAKE_OVER_LIMIT = Duration.ofSeconds(30);

    private final Database database;
    private final String subscription;
    private final ApplyConfig config;
    private final boolean binary;
    private final UUID owner = UUID.randomUUID();
    private final ConcurrentLinkedQueue<OrderedTable> ordered = new ConcurrentLinkedQueue<>();
    private final List<Connection> connections = new ArrayList<>();

    ApplyOpening(Database database, String subscription, ApplyConfig config, boolean binary) {
        this.database = database;
        this.subscription = subscription;
        this.config = config;
        this.binary = binary;
    }

    /// @throws MigrationException TARGET_IN_USE if another process applies; NOTHING_TO_RESUME without progress
    Applier.Ready open() throws InterruptedException {
        boolean ready = false;
        try {
            Connection first = another();
            int before = Progress.readLanes(first, subscription).size();
            while (connections.size() < before) {
                another();
            }
            List<Progress.Row> rows =
                    withAskedLanes(first, Progress.takeOver(first, subscription, owner, TAKE_OVER_LIMIT));
            while (connections.size() < rows.size()) {
                another();
            }
            while (connections.size() > rows.size()) {
                Sessions.close(connections.removeLast());
            }
            for (Connection connection : connections) {
                connection.setAutoCommit(false);
            }
            Progress.Row behind = rows.stream()
                    .min(Comparator.comparing(Progress.Row::applied))
                    .orElseThrow();
            ApplyTarget target = target(rows);
            ready = true;
            return new Applier.Ready(target, behind, ordered);
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The progress on the target could not be taken over.", refusal);
        } finally {
            if (!ready) {
                connections.forEach(Sessions::close);
            }
        }
    }

    /// The session of the next lane, which nobody else can be from now on.
    private Connection another() throws SQLException, InterruptedException {
        Connection connection = Sessions.open(database);
        connections.add(connection);
        Progress.takeLease(connection, subscription, connections.size() - 1, TAKE_OVER_LIMIT);
        return connection;
    }

    /// Lanes that are apart keep their number until they have come together: what each has depends on it.
    private List<Progress.Row> withAskedLanes(Connection first, List<Progress.Row> rows) throws SQLException {
        int asked = config.mode() == ApplyConfig.Mode.STRICT ? 1 : config.lanes();
        if (rows.size() == asked) {
            return rows;
        }
        boolean together = rows.stream().map(Progress.Row::applied).distinct().count() == 1;
        if (!together) {
            log.info("the lanes are apart: their number stays for this run lanes={} asked={}", rows.size(), asked);
            return rows;
        }
        first.setAutoCommit(false);
        Progress.setLanes(first, subscription, asked);
        List<Progress.Row> changed = Progress.readLanes(first, subscription);
        first.commit();
        return changed;
    }

    private ApplyTarget target(List<Progress.Row> rows) throws SQLException {
        if (rows.size() == 1 && config.mode() == ApplyConfig.Mode.STRICT) {
            Connection only = connections.getFirst();
            return new OneSession(
                    only,
                    new StrictWriter(only, new TargetTables(only, binary, unused -> {})),
                    subscription,
                    owner,
                    rows.getFirst().applied());
        }
        return new Lanes(
                connections,
                rows.stream().map(Progress.Row::applied).toList(),
                subscription,
                owner,
                config.foldFrom(),
                binary,
                ordered::add);
    }
}
