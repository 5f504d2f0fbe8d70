package org.pgmigrator.sandbox.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.PostgresServer;

class TcpProxyIT {

    @Test
    void sessionsThroughTheProxyEndWithItAndTheServerGoesOn() throws SQLException {
        try (EmbeddedServer server = EmbeddedServer.start(17)) {
            TcpProxy proxy = TcpProxy.inFrontOf(server);
            try (PostgresServer proxied = proxy.asServer(server);
                    Connection connection = proxied.connect("postgres");
                    Statement statement = connection.createStatement()) {
                assertThat(proxied.value("postgres", "SELECT 1")).isEqualTo("1");
                assertThat(proxied.uri("postgres")).contains(":" + proxy.port() + "/");
                proxy.cut();
                assertThatThrownBy(() -> statement.execute("SELECT 1"))
                        .isInstanceOf(SQLException.class)
                        .extracting(failure -> ((SQLException) failure).getSQLState())
                        .isEqualTo("08006");
            }
            assertThat(server.value("postgres", "SELECT 1")).isEqualTo("1");
        }
    }
}
