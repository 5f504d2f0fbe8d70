package org.pgmigrator.core.validate;

import java.sql.Connection;

/// The target as its checks see it.
record TargetView(Connection connection, ServerFacts server, Request request) {

    boolean online() {
        return request.online();
    }
}
