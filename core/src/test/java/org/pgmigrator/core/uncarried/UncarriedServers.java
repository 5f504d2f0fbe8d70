package org.pgmigrator.core.uncarried;

import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.pgmigrator.core.servers.ServerPool;
import org.pgmigrator.core.servers.SharedServers;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Two servers for all tests of a class, and new databases for each.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(SharedServers.class)
abstract class UncarriedServers {

    private final int sourceMajor;
    private final int targetMajor;
    private PostgresServer sourceServer;
    private PostgresServer targetServer;

    UncarriedPair pair;

    UncarriedServers(int sourceMajor, int targetMajor) {
        this.sourceMajor = sourceMajor;
        this.targetMajor = targetMajor;
    }

    @BeforeAll
    void start(ServerPool servers) {
        sourceServer = servers.source(sourceMajor);
        targetServer = servers.target(targetMajor);
    }

    @BeforeEach
    void databases() throws SQLException {
        pair = new UncarriedPair(sourceServer, targetServer);
    }

    @AfterEach
    void sessions() {
        pair.close();
    }
}
