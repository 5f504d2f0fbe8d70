package org.pgmigrator.cli.fault;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.ServerSpec;
import org.pgmigrator.sandbox.workload.Workload;

/// Two servers that the tests of a class share; each test moves a database of its own from one to the other.
record Pair(EmbeddedServer source, EmbeddedServer target) implements AutoCloseable {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    static Pair start(int sourceMajor, int targetMajor) {
        return start(ServerSpec.of(sourceMajor), ServerSpec.of(targetMajor));
    }

    static Pair start(ServerSpec sourceSpec, ServerSpec targetSpec) {
        EmbeddedServer source = EmbeddedServer.start(sourceSpec);
        try {
            return new Pair(source, EmbeddedServer.start(targetSpec));
        } catch (RuntimeException failure) {
            source.close();
            throw failure;
        }
    }

    /// A new database with this content on the source, an empty one of the same name on the target.
    Move move(Path folder, Workload content) throws SQLException {
        String name = "move" + NUMBER.incrementAndGet();
        source.createDatabase(name);
        target.createDatabase(name);
        content.prepare(() -> source.connect(name));
        return new Move(this, name, folder);
    }

    @Override
    public void close() {
        try (source;
                target) {
            // Both go, also if one of them fails to.
        }
    }
}
