package org.pgmigrator.core.uncarried;

import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.Servers;

/// Two servers for all tests of a class, and new databases for each.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
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
    void start() {
        sourceServer = Servers.start(sourceMajor);
        targetServer = Servers.start(targetMajor);
    }

    @AfterAll
    void stop() {
        sourceServer.close();
        targetServer.close();
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
