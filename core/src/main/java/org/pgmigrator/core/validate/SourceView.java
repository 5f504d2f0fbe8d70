package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.util.List;
import org.pgmigrator.core.postgres.CatalogTable;

/// The source as its checks see it.
///
/// @param tables every user table, carried or not
/// @param plan   what of them is carried, and how
record SourceView(
        Connection connection,
        ServerFacts server,
        Request request,
        WalsenderProbe walsender,
        List<CatalogTable> tables,
        CarryPlan plan) {

    SourceView {
        tables = List.copyOf(tables);
    }

    boolean online() {
        return request.online();
    }

    int major() {
        return server.major();
    }
}
