package org.pgmigrator.sandbox.proxy;

import org.pgmigrator.sandbox.server.PostgresServer;

/// A server behind a proxy.
record ProxiedServer(PostgresServer server, TcpProxy proxy) implements PostgresServer {

    @Override
    public int major() {
        return server.major();
    }

    @Override
    public String host() {
        return proxy.host();
    }

    @Override
    public int port() {
        return proxy.port();
    }

    @Override
    public String superuser() {
        return server.superuser();
    }

    @Override
    public String password() {
        return server.password();
    }

    @Override
    public void close() {
        proxy.close();
    }

    @Override
    public String toString() {
        return server + " behind port " + port();
    }
}
