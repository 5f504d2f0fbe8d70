package org.pgmigrator.sandbox.server;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/// A PostgreSQL server in a container, by Testcontainers, which must be on the class path.
///
/// The image is named by the system property `pgmigrator.docker.image` or the variable `PG_MIGRATOR_DOCKER_IMAGE`, with
/// `%d` for the major; `postgres:%d` if neither is set. See https://java.testcontainers.org/modules/databases/postgres/
public final class ContainerServer implements PostgresServer {

    private static final String SUPERUSER = "postgres";
    private static final String DEFAULT_IMAGE = "postgres:%d";

    private final ServerSpec spec;
    private final PostgreSQLContainer container;

    private ContainerServer(ServerSpec spec, PostgreSQLContainer container) {
        this.spec = spec;
        this.container = container;
    }

    /// Whether a Docker engine answers.
    public static boolean isAvailable() {
        return DockerClientFactory.instance().isDockerAvailable();
    }

    /// Starts a container, and returns when its server accepts connections.
    ///
    /// @throws SandboxException if TLS, an authentication file or a disk is asked for, which only embedded servers have
    public static ContainerServer start(ServerSpec spec) {
        if (spec.tls().isPresent() || !spec.hostBasedAuthentication().isEmpty() || spec.ownDisk()) {
            throw new SandboxException(
                    "TLS, pg_hba.conf and a disk of its own are not supported in containers: use EmbeddedServer");
        }
        DockerImageName image = DockerImageName.parse(imageName(spec.major())).asCompatibleSubstituteFor("postgres");
        PostgreSQLContainer container = new PostgreSQLContainer(image);
        container.withUsername(SUPERUSER).withPassword(spec.password()).withDatabaseName("postgres");
        container.withCommand(command(spec));
        ContainerServer server = new ContainerServer(spec, container);
        try {
            container.start();
            for (String database : spec.databases()) {
                server.createDatabase(database);
            }
            return server;
        } catch (SQLException | RuntimeException failure) {
            server.close();
            throw new SandboxException("cannot start a container of " + image + ": " + failure.getMessage(), failure);
        }
    }

    private static String imageName(int major) {
        String pattern = System.getProperty("pgmigrator.docker.image", System.getenv("PG_MIGRATOR_DOCKER_IMAGE"));
        return (pattern == null ? DEFAULT_IMAGE : pattern).replace("%d", Integer.toString(major));
    }

    private static String[] command(ServerSpec spec) {
        List<String> command = new ArrayList<>(List.of("postgres"));
        spec.settings().forEach((name, value) -> command.addAll(List.of("-c", name + "=" + value)));
        return command.toArray(String[]::new);
    }

    @Override
    public int major() {
        return spec.major();
    }

    @Override
    public String host() {
        return container.getHost();
    }

    @Override
    public int port() {
        return container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT);
    }

    @Override
    public String superuser() {
        return SUPERUSER;
    }

    @Override
    public String password() {
        return spec.password();
    }

    @Override
    public void close() {
        container.stop();
    }

    @Override
    public String toString() {
        return "PostgreSQL " + spec.major() + " in a container";
    }
}
