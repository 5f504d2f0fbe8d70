package org.pgmigrator.sandbox.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresServerContractIT {

    static final List<Integer> MAJORS = Servers.MAJORS;

    @ParameterizedTest
    @FieldSource("MAJORS")
    void embeddedServerKeepsTheContract(int major) throws SQLException {
        try (PostgresServer server = EmbeddedServer.start(major, "first")) {
            PostgresServerContract.check(server, major);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 17})
    void serverInAContainerKeepsTheContract(int major) throws SQLException {
        if (!ContainerServer.isAvailable()) {
            System.err.println("NOT RUN: servers in containers, because no Docker engine answers");
        }
        assumeTrue(ContainerServer.isAvailable(), "a Docker engine answers");
        try (PostgresServer server = ContainerServer.start(ServerSpec.of(major).database("first"))) {
            PostgresServerContract.check(server, major);
        }
    }

    @Test
    void systemPropertyChoosesTheWay() {
        String before = System.getProperty("pgmigrator.servers");
        try {
            System.setProperty("pgmigrator.servers", "embedded");
            try (PostgresServer server = Servers.start(17)) {
                assertThat(server).isInstanceOf(EmbeddedServer.class);
            }
            System.setProperty("pgmigrator.servers", "moon");
            assertThatThrownBy(() -> Servers.start(17))
                    .isInstanceOf(SandboxException.class)
                    .hasMessageContaining("moon");
        } finally {
            if (before == null) {
                System.clearProperty("pgmigrator.servers");
            } else {
                System.setProperty("pgmigrator.servers", before);
            }
        }
    }
}
