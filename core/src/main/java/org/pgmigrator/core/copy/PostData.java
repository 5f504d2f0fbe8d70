package org.pgmigrator.core.copy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
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
/// given to it by a message of its own: such objects are dropped here, to be made once more. A materialized view or a
/// function, which is behind the rows where it needs a primary key (GROUP BY), may be what others are made of by then:
/// it stays, and is given to its owner here. A view that needs one is replaced, which may be done twice.
/// Both sides name an object in the same way, whatever its OID is.
/// What an object of a partition has from its parent is not counted: the dump's entry of it may be the change of a
/// setting, which does no harm when it is made twice.
/// See https://www.postgresql.org/docs/current/functions-info.html (pg_identify_object)
public final class PostData {

    private static final Logger LOG = LoggerFactory.getLogger(PostData.class);

    /// Above the objects that the server has brought itself.
    private static final String OBJECTS = """
            select o.class::int8, o.oid::int8, i.type, i.identity, quote_ident(pg_get_userbyid(o.owner))
            from (
                select 'pg_class'::regclass::oid as class, oid, case when relkind = 'm' then relowner end
                          from pg_class where relkind in ('i', 'I', 'm')
                union all select 'pg_proc'::regclass, oid, proowner from pg_proc
                union all select 'pg_constraint'::regclass, oid, null from pg_constraint where contype <> 'n'
                union all select 'pg_trigger'::regclass, oid, null
                          from pg_trigger where not tgisinternal and tgparentid = 0
                union all select 'pg_rewrite'::regclass, oid, null from pg_rewrite where rulename <> '_RETURN'
                union all select 'pg_policy'::regclass, oid, null from pg_policy
                union all select 'pg_statistic_ext'::regclass, oid, null from pg_statistic_ext
                union all select 'pg_event_trigger'::regclass, oid, null from pg_event_trigger
                union all select 'pg_publication'::regclass, oid, null from pg_publication) o(class, oid, owner)
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

    /// An object as one side has it.
    ///
    /// @param type  in the server's words, which are those of SQL but for statistics
    /// @param name  in SQL
    /// @param owner in SQL, of what stays without being whole; empty for all others
    private record Found(Source source, String type, String name, Optional<String> owner) {
        String sql() {
            return type.replace(" object", "") + " " + name;
        }
    }

    /// Drops from the target or completes what may be half done, and says what is whole.
    ///
    /// @param dump   of the definitions
    /// @param owners whether objects are given to their owners
    /// @param before what was there before the copy, by type and name: it is not touched, and in the way
    /// @throws org.pgmigrator.core.error.MigrationException of a side's kinds
    public static Set<Source> keep(
            FinishedDump dump, Database source, Database target, boolean owners, Set<String> before) {
        Set<Origin> dumped = new HashSet<>();
        dump.contents().entries().forEach(entry -> dumped.add(entry.origin()));
        Map<String, Found> wanted = objects(source);
        wanted.values()
                .removeIf(object -> !dumped.contains(
                        new Origin(object.source().classOid(), object.source().oid())));
        Set<Source> kept = new HashSet<>();
        try (Connection connection = target.connect(Session.named("copy catalogue"));
                Statement statement = connection.createStatement()) {
            for (Map.Entry<String, Found> there : objects(connection).entrySet()) {
                Found object = wanted.get(there.getKey());
                if (object != null && before.contains(object.type() + " " + object.name())) {
                    LOG.warn("{} was there before the copy", object.sql());
                } else if (object != null && OWNED.contains(object.type())) {
                    statement.execute("drop " + object.sql());
                } else if (object != null
                        && (!owners
                                || isOwned(statement, object, there.getValue().owner()))) {
                    kept.add(object.source());
                }
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(target.side(), "What is on the target already could not be found out.", refusal);
        }
        LOG.info("definitions behind the rows are kept count={}", kept.size());
        return kept;
    }

    /// Whether it belongs to whom it should, or does so now. What cannot be given away is left to pg_restore, whose
    /// errors are judged.
    private static boolean isOwned(Statement statement, Found object, Optional<String> owner) throws SQLException {
        if (object.owner().equals(owner)) {
            return true;
        }
        try {
            statement.execute(
                    "alter " + object.sql() + " owner to " + object.owner().orElseThrow());
            return true;
        } catch (SQLException refusal) {
            if (SqlState.isConnectionLoss(refusal)) {
                throw refusal;
            }
            LOG.warn("{} stays with its owner {}", object.sql(), owner.orElse(""), refusal);
            return false;
        }
    }

    private static Map<String, Found> objects(Database database) {
        try (Connection connection = database.connect(Session.named("copy catalogue"))) {
            return objects(connection);
        } catch (SQLException refusal) {
            throw SqlState.toException(database.side(), "The objects of the source could not be listed.", refusal);
        }
    }

    /// By type and name.
    private static Map<String, Found> objects(Connection connection) throws SQLException {
        Map<String, Found> objects = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(OBJECTS)) {
            while (row.next()) {
                Found object = new Found(
                        new Source(row.getLong(1), row.getLong(2)),
                        row.getString(3),
                        row.getString(4),
                        Optional.ofNullable(row.getString(5)));
                objects.put(object.type() + "|" + object.name(), object);
            }
        }
        return objects;
    }
}
