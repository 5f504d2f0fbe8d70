package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.pgmigrator.core.copy.TableOfContents.Origin;
import org.pgmigrator.core.postgres.Database;
import org.pgmigrator.core.postgres.Session;
import org.pgmigrator.core.postgres.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a restore of the definitions that follow the rows (indexes, constraints, triggers) has made before it was cut
/// off.
///
/// Each entry of a dump is one message of pg_restore, and so all of it is there or nothing. Only what has an owner is
/// given to it by a message of its own: such objects are dropped here, to be made once more. Both sides name an object
/// in the same way, whatever its OID is.
/// What an object of a partition has from its parent is not counted: the dump's entry of it may be the change of a
/// setting, which does no harm when it is made twice.
/// See https://www.postgresql.org/docs/current/functions-info.html (pg_identify_object)
public final class PostData {

    private static final Logger LOG = LoggerFactory.getLogger(PostData.class);

    /// Above the objects that the server has brought itself.
    private static final String OBJECTS = """
            select o.class::int8, o.oid::int8, i.type, i.identity
            from (
                select 'pg_class'::regclass::oid as class, oid from pg_class where relkind in ('i', 'I')
                union all select 'pg_constraint'::regclass, oid from pg_constraint where contype <> 'n'
                union all select 'pg_trigger'::regclass, oid from pg_trigger where not tgisinternal and tgparentid = 0
                union all select 'pg_rewrite'::regclass, oid from pg_rewrite where rulename <> '_RETURN'
                union all select 'pg_policy'::regclass, oid from pg_policy
                union all select 'pg_statistic_ext'::regclass, oid from pg_statistic_ext
                union all select 'pg_event_trigger'::regclass, oid from pg_event_trigger
                union all select 'pg_publication'::regclass, oid from pg_publication) o(class, oid)
            cross join lateral pg_identify_object(o.class, o.oid, 0) i
            where o.oid >= 16384 and i.identity is not null
            """;

    /// Types of objects that have owners, of those above.
    private static final Set<String> OWNED = Set.of("statistics object", "event trigger", "publication");

    private PostData() {}

    /// The catalogue row of an object on the source.
    public record Source(long classOid, long oid) {
        static Source of(Origin origin) {
            return new Source(origin.classOid(), origin.oid());
        }
    }

    /// Drops from the target what may be half done, and says what is whole.
    ///
    /// @param dump of the definitions
    /// @throws org.pgmigrator.core.error.MigrationException of a side's kinds
    public static Set<Source> keep(FinishedDump dump, Database source, Database target) {
        Set<Origin> dumped = new HashSet<>();
        dump.contents().entries().forEach(entry -> dumped.add(entry.origin()));
        Map<String, Source> wanted = objects(source);
        wanted.values().removeIf(object -> !dumped.contains(new Origin(object.classOid(), object.oid())));
        Set<Source> kept = new HashSet<>();
        try (Connection connection = target.connect(Session.named("copy catalogue"));
                Statement statement = connection.createStatement()) {
            for (String identity : objects(connection).keySet()) {
                Source origin = wanted.get(identity);
                String type = identity.substring(0, identity.indexOf('|'));
                if (origin != null && OWNED.contains(type)) {
                    statement.execute("drop " + type.replace(" object", "") + " "
                            + identity.substring(identity.indexOf('|') + 1));
                } else if (origin != null) {
                    kept.add(origin);
                }
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(target.side(), "What is on the target already could not be found out.", refusal);
        }
        LOG.info("definitions behind the rows are kept count={}", kept.size());
        return kept;
    }

    private static Map<String, Source> objects(Database database) {
        try (Connection connection = database.connect(Session.named("copy catalogue"))) {
            return objects(connection);
        } catch (SQLException refusal) {
            throw SqlState.toException(database.side(), "The objects of the source could not be listed.", refusal);
        }
    }

    /// By type and name.
    private static Map<String, Source> objects(Connection connection) throws SQLException {
        Map<String, Source> objects = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(OBJECTS)) {
            while (row.next()) {
                objects.put(row.getString(3) + "|" + row.getString(4), new Source(row.getLong(1), row.getLong(2)));
            }
        }
        return objects;
    }
}
