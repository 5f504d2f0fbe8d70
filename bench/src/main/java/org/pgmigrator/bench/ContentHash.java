package org.pgmigrator.bench;

import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;
import org.pgmigrator.sandbox.server.PostgresServer;

/// Rows and their hash, by table, in any order of the rows.
record ContentHash(Map<String, String> tables) {

    ContentHash {
        tables = Map.copyOf(tables);
    }

    static ContentHash of(PostgresServer server, String database) throws SQLException {
        Map<String, String> tables = new TreeMap<>();
        for (String table : server.rows(
                database,
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")) {
            tables.put(
                    table,
                    server.value(
                            database,
                            "SELECT count(*) || ' rows, hash ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)"
                                    + " FROM public." + table + " t"));
        }
        return new ContentHash(tables);
    }

    /// @throws BenchException if the other side differs
    void requireSame(ContentHash other, String what) {
        if (!tables.equals(other.tables)) {
            throw new BenchException(what + " has a wrong result: " + new TreeMap<>(other.tables) + ", the source has "
                    + new TreeMap<>(tables));
        }
    }
}
