package org.pgmigrator.bench;

import java.sql.SQLException;
import java.util.OptionalLong;
import org.pgmigrator.sandbox.server.PostgresServer;

/// PostgreSQL's own subscription, with its default options, `streaming` included.
///
/// See https://www.postgresql.org/docs/current/sql-createsubscription.html
record BuiltIn(String name, boolean binary) implements Contender {

    @Override
    public Applying prepare(Run run) throws SQLException {
        PostgresServer source = run.source();
        run.target()
                .execute(
                        run.targetDatabase(),
                        "CREATE SUBSCRIPTION " + run.slot() + " CONNECTION 'host=" + source.host() + " port="
                                + source.port() + " dbname=" + run.sourceDatabase() + " user=" + source.superuser()
                                + " password=" + source.password() + "' PUBLICATION " + Run.PUBLICATION
                                + " WITH (create_slot = false, slot_name = '" + run.slot()
                                + "', copy_data = false, enabled = false, binary = " + binary + ")");
        return new Subscription(run);
    }

    private record Subscription(Run run) implements Applying {

        @Override
        public void go() throws SQLException {
            run.target().execute(run.targetDatabase(), "ALTER SUBSCRIPTION " + run.slot() + " ENABLE");
        }

        /// A worker that fails is started again, which the time limit of the run ends.
        @Override
        public void requireAlive() {}

        @Override
        public String whenDone() {
            return "SELECT 1 FROM " + Backlog.END_TABLE;
        }

        @Override
        public OptionalLong process() {
            return OptionalLong.empty();
        }

        @Override
        public OptionalLong allocatedBytes() {
            return OptionalLong.empty();
        }

        @Override
        public void close() throws SQLException {
            run.target()
                    .execute(
                            run.targetDatabase(),
                            "ALTER SUBSCRIPTION " + run.slot() + " DISABLE",
                            "ALTER SUBSCRIPTION " + run.slot() + " SET (slot_name = NONE)",
                            "DROP SUBSCRIPTION " + run.slot());
        }
    }
}
