package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a server says of the copies that run on it: a session that only looks, opened when first asked.
///
/// Without it the copy goes on, with coarser figures: the first error ends it. Used by one thread.
final class CopyServerView implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(CopyServerView.class);

    /// The copies of this user: those of pg_dump and pg_restore, and nobody's whose size could be taken for theirs.
    private static final String RUNNING = """
            select n.nspname, c.relname, p.bytes_processed
            from pg_stat_progress_copy p
            join pg_class c on c.oid = p.relid
            join pg_namespace n on n.oid = c.relnamespace
            where p.datid = (select oid from pg_database where datname = current_database())
            """;

    private static final String BLOCKED = """
            select b.pid, coalesce(b.state, ''), b.blocker
            from (select a.pid, h.state, h.pid as blocker
                  from pg_stat_activity a
                  cross join lateral unnest(pg_blocking_pids(a.pid)) as holder(pid)
                  left join pg_stat_activity h on h.pid = holder.pid
                  where a.datname = current_database() and a.usename = current_user and a.wait_event_type = 'Lock'
                        and a.backend_type = 'client backend' and a.application_name like 'pg%') b
            limit 1
            """;

    private final Database database;
    private @Nullable Connection connection;
    private boolean givenUp;

    CopyServerView(Database database) {
        this.database = database;
    }

    Map<String, Long> copied() {
        Map<String, Long> bytes = new HashMap<>();
        query(
                RUNNING,
                row -> bytes.merge(
                        new QualifiedName(row.getString(1), row.getString(2)).toString(), row.getLong(3), Math::max));
        return bytes;
    }

    String blocked() {
        StringBuilder text = new StringBuilder();
        query(
                BLOCKED,
                row -> text.append("waiting: pid ")
                        .append(row.getLong(1))
                        .append(" is blocked by pid ")
                        .append(row.getLong(3))
                        .append(row.getString(2).isEmpty() ? "" : " (" + row.getString(2) + ")"));
        return text.toString();
    }

    private void query(String sql, RowReader reader) {
        if (givenUp) {
            return;
        }
        try {
            if (connection == null) {
                connection = database.connect(Session.named("copy monitor").with("statement_timeout", "5s"));
            }
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(sql)) {
                while (row.next()) {
                    reader.read(row);
                }
            }
        } catch (SQLException | MigrationException unavailable) {
            LOG.debug("copy monitor goes on without the server's figures reason={}", unavailable.getMessage());
            givenUp = true;
        }
    }

    @Override
    public void close() {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException gone) {
                LOG.trace("copy monitor's session was gone reason={}", gone.getMessage());
            }
        }
    }

    private interface RowReader {
        void read(ResultSet row) throws SQLException;
    }
}
