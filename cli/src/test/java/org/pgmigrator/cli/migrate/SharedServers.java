package org.pgmigrator.cli.migrate;

import java.sql.SQLException;
import java.util.Locale;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.SandboxException;
import org.pgmigrator.sandbox.server.Servers;

/// Gives each test that asks for a [DatabasePair] new databases on a source of version 15 and a target of version 17,
/// which all tests share.
final class SharedServers implements ParameterResolver, AfterEachCallback {

    private static final Namespace OWN = Namespace.create(SharedServers.class);

    /// Slot and database names end here.
    private static final int LONGEST_NAME = 50;

    private record Pair(PostgresServer source, PostgresServer target) implements AutoCloseable {
        @Override
        public void close() {
            try (source) {
                target.close();
            }
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == DatabasePair.class;
    }

    @Override
    public DatabasePair resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Pair pair = context.getRoot()
                .getStore(OWN)
                .getOrComputeIfAbsent(Pair.class, type -> new Pair(Servers.start(15), Servers.start(17)), Pair.class);
        try {
            DatabasePair databases = DatabasePair.create(pair.source(), pair.target(), name(context));
            context.getStore(OWN).put(DatabasePair.class, databases);
            return databases;
        } catch (SQLException e) {
            throw new SandboxException("no databases for the test: " + e.getMessage(), e);
        }
    }

    /// A slot that a test has left on purpose, or because it failed, would be in the way of the others.
    @Override
    public void afterEach(ExtensionContext context) throws SQLException {
        DatabasePair databases = context.getStore(OWN).get(DatabasePair.class, DatabasePair.class);
        if (databases != null) {
            databases
                    .source()
                    .rows(
                            databases.name(),
                            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                                    + " WHERE database = current_database() AND NOT active");
        }
    }

    private static String name(ExtensionContext context) {
        String words = context.getRequiredTestMethod()
                .getName()
                .replaceAll("([A-Z])", "_$1")
                .toLowerCase(Locale.ROOT);
        return words.substring(0, Math.min(words.length(), LONGEST_NAME));
    }
}
