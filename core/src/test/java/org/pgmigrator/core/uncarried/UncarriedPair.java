package org.pgmigrator.core.uncarried;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.config.SourceLockConfig;
import org.pgmigrator.core.cutover.SourceLock;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Two databases for one test, and the steps between them.
final class UncarriedPair implements AutoCloseable {

    private static final AtomicInteger COUNTER = new AtomicInteger();

    /// As the functions of the servers see them, which the program does not use.
    static final String LARGE_OBJECTS = """
            select oid, length(lo_get(oid)), sha256(lo_get(oid)), pg_get_userbyid(lomowner),
                   (select string_agg(x.privilege_type || x.is_grantable || pg_get_userbyid(x.grantee), ',' order by 1)
                    from aclexplode(lomacl) x where x.grantee <> lomowner)
            from pg_largeobject_metadata order by oid
            """;

    final PostgresServer sourceServer;
    final PostgresServer targetServer;
    final String name = "u" + COUNTER.incrementAndGet();
    FilterConfig filter = FilterConfig.EVERYTHING;
    boolean owners = true;
    Uncarried uncarried;

    UncarriedPair(PostgresServer sourceServer, PostgresServer targetServer) throws SQLException {
        this.sourceServer = sourceServer;
        this.targetServer = targetServer;
        sourceServer.createDatabase(name);
        targetServer.createDatabase(name);
        uncarried = uncarried();
    }

    Uncarried uncarried() {
        return new Uncarried(source(), target(), filter, owners, true);
    }

    void filter(FilterConfig wanted) {
        filter = wanted;
        uncarried.close();
        uncarried = uncarried();
    }

    Database source() {
        return Database.parse(Side.SOURCE, new Secret(sourceServer.uri(name)), Map.of());
    }

    Database target() {
        return Database.parse(Side.TARGET, new Secret(targetServer.uri(name)), Map.of());
    }

    void onSource(String... statements) throws SQLException {
        sourceServer.execute(name, statements);
    }

    void onTarget(String... statements) throws SQLException {
        targetServer.execute(name, statements);
    }

    void onBoth(String... statements) throws SQLException {
        onSource(statements);
        onTarget(statements);
    }

    List<CatalogTable> carried() throws SQLException {
        try (Connection connection = sourceServer.connect(name)) {
            return Catalog.tables(connection).stream()
                    .filter(table -> filter.carries(table.decidingName()))
                    .toList();
        }
    }

    LargeObjects.Result prepare() throws SQLException, InterruptedException {
        return uncarried.prepare(carried(), () -> true);
    }

    /// The cutover's lock, with that of large objects.
    SourceLock lock() throws SQLException, InterruptedException {
        SourceLock lock = SourceLock.open(source(), name, SourceLockConfig.DEFAULT);
        lock.acquire(carried(), true, () -> true, Duration.ofSeconds(20), event -> {});
        return lock;
    }

    LargeObjects.Result synchronize() throws InterruptedException {
        return uncarried.synchronizeLargeObjects(() -> true);
    }

    UnloggedTables.Result copyUnlogged() throws InterruptedException {
        return uncarried.copyUnloggedTables(() -> true);
    }

    MaterializedViews.Result refresh() throws InterruptedException {
        return uncarried.refreshMaterializedViews(() -> true);
    }

    void requireSame(String query) throws SQLException {
        assertThat(targetServer.rows(name, query)).isEqualTo(sourceServer.rows(name, query));
    }

    String sourceValue(String query) throws SQLException {
        return sourceServer.value(name, query);
    }

    String targetValue(String query) throws SQLException {
        return targetServer.value(name, query);
    }

    @Override
    public void close() {
        uncarried.close();
    }
}
