package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.util.List;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.CatalogTable;

/// The source as its checks see it.
///
/// @param tables every user table, carried or not
/// @param plan   what of them is carried, and how
/// @param sequences the carried ones
record SourceView(
        Connection connection,
        ServerFacts server,
        Request request,
        WalsenderProbe walsender,
        List<CatalogTable> tables,
        CarryPlan plan,
        List<QualifiedName> sequences) {

    SourceView {
        tables = List.copyOf(tables);
        sequences = List.copyOf(sequences);
    }

    boolean online() {
        return request.online();
    }

    int major() {
        return server.major();
    }
}
