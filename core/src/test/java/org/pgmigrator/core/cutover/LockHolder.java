package org.pgmigrator.core.cutover;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.Side;

/// A program that locks a source and closes it, and at each step says where it is and waits for a line.
final class LockHolder {

    private static final BufferedReader IN =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private LockHolder() {}

    public static void main(String[] arguments) throws Exception {
        Database source = Database.parse(Side.SOURCE, new Secret(arguments[0]), Map.of());
        List<CatalogTable> tables;
        try (Connection connection = source.connect(Session.named("test"))) {
            tables = Catalog.tables(connection);
        }
        try (SourceLock lock = SourceLock.open(source, SourceScene.MIGRATION, SourceLockConfig.DEFAULT)) {
            lock.acquire(tables, false, () -> true, Duration.ofSeconds(20), event -> {});
            say("locked");
            Fence.Outcome outcome = Fence.place(lock, () -> say("before the fence"), () -> say("before the commit"));
            System.out.println("outcome " + outcome.getClass().getSimpleName());
        }
    }

    private static void say(String where) {
        System.out.println(where);
        try {
            IN.readLine();
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }
}
