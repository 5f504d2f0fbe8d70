package org.pgmigrator.core.uncarried;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// Materialized views: computed anew on the target, each after those that it reads, in a transaction each.
///
/// What a function with a body in a string reads is not known to the catalogue, so it cannot be ordered by.
///
/// Source: https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html
public final class MaterializedViews {

    /// From each materialized view through views and functions to the materialized views that it reads.
    private static final String DEPENDENCIES = """
            with recursive reads(view, classid, objid) as (
                select c.oid, 'pg_class'::regclass::oid, c.oid from pg_class c where c.relkind = 'm'
                union
                select r.view, d.refclassid, d.refobjid
                from reads r
                join lateral (
                    select w.oid, 'pg_rewrite'::regclass::oid as classid from pg_rewrite w
                    where r.classid = 'pg_class'::regclass and w.ev_class = r.objid
                      and (r.objid = r.view or (select relkind from pg_class where oid = r.objid) = 'v')
                    union all
                    select r.objid, r.classid where r.classid = 'pg_proc'::regclass
                ) part on true
                join pg_depend d on d.classid = part.classid and d.objid = part.oid and d.deptype = 'n'
                where d.refclassid in ('pg_class'::regclass, 'pg_proc'::regclass) and d.refobjid <> r.view
            )
            select vn.nspname, v.relname, rn.nspname, c.relname
            from reads r
            join pg_class c on c.oid = r.objid and r.classid = 'pg_class'::regclass and c.relkind = 'm'
                 and c.oid <> r.view
            join pg_namespace rn on rn.oid = c.relnamespace
            join pg_class v on v.oid = r.view join pg_namespace vn on vn.oid = v.relnamespace
            """;

    private MaterializedViews() {}

    /// What was done.
    ///
    /// @param refreshed those that are populated on the source
    /// @param emptied   those that are populated on the target only
    public record Result(int refreshed, int emptied) {}

    /// Refreshes on the target what is populated on the source, and empties what is not.
    ///
    /// @throws MigrationException TARGET_SCHEMA_DIFFERS if one is missing, or of the target's kinds, naming the view
    static Result refresh(Connection source, Connection target, FilterConfig filter, Watch watch)
            throws InterruptedException {
        List<Found.MaterializedView> wanted = read(source, Side.SOURCE, filter);
        if (wanted.isEmpty()) {
            return new Result(0, 0);
        }
        Map<QualifiedName, Found.MaterializedView> there = new HashMap<>();
        read(target, Side.TARGET, FilterConfig.EVERYTHING).forEach(view -> there.put(view.name(), view));
        requireAll(wanted, there);
        Map<QualifiedName, Boolean> populated = new TreeMap<>();
        wanted.forEach(view -> populated.put(view.name(), view.populated()));
        int refreshed = 0;
        int emptied = 0;
        for (QualifiedName view : inOrder(populated.keySet(), dependencies(target))) {
            watch.requireWanted();
            if (Boolean.TRUE.equals(populated.get(view))) {
                refresh(target, view, "");
                refreshed++;
            } else if (Objects.requireNonNull(there.get(view)).populated()) {
                refresh(target, view, " WITH NO DATA");
                emptied++;
            }
        }
        return new Result(refreshed, emptied);
    }

    private static List<Found.MaterializedView> read(Connection connection, Side side, FilterConfig filter) {
        try {
            return Finder.materializedViews(connection, filter);
        } catch (SQLException refusal) {
            throw SqlState.toException(side, "The materialized views could not be listed.", refusal);
        }
    }

    private static void requireAll(
            List<Found.MaterializedView> wanted, Map<QualifiedName, Found.MaterializedView> there) {
        List<QualifiedName> missing = wanted.stream()
                .map(Found.MaterializedView::name)
                .filter(name -> !there.containsKey(name))
                .toList();
        if (!missing.isEmpty()) {
            throw new MigrationException(Failure.of(
                            FailureKind.TARGET_SCHEMA_DIFFERS,
                            "Materialized views of the source do not exist on the target: " + missing + ".",
                            "they were created, or renamed, after the copy")
                    .withRemedy(
                            "Create them on the target as on the source, or drop them there; then cut over again."));
        }
    }

    /// What each reads, of the materialized views.
    private static Map<QualifiedName, Set<QualifiedName>> dependencies(Connection target) {
        Map<QualifiedName, Set<QualifiedName>> dependencies = new HashMap<>();
        try (Statement statement = target.createStatement();
                ResultSet row = statement.executeQuery(DEPENDENCIES)) {
            while (row.next()) {
                dependencies
                        .computeIfAbsent(
                                new QualifiedName(row.getString(1), row.getString(2)), name -> new LinkedHashSet<>())
                        .add(new QualifiedName(row.getString(3), row.getString(4)));
            }
            return dependencies;
        } catch (SQLException refusal) {
            throw SqlState.toException(
                    Side.TARGET, "What the materialized views depend on could not be read.", refusal);
        }
    }

    /// `views` with each one after those that it reads, directly or by way of others. Views cannot depend on each other
    /// in a circle.
    static List<QualifiedName> inOrder(Set<QualifiedName> views, Map<QualifiedName, Set<QualifiedName>> dependencies) {
        Set<QualifiedName> ordered = new LinkedHashSet<>();
        Set<QualifiedName> visited = new LinkedHashSet<>();
        for (QualifiedName view : views) {
            visit(view, dependencies, visited, ordered);
        }
        ordered.retainAll(views);
        return new ArrayList<>(ordered);
    }

    private static void visit(
            QualifiedName view,
            Map<QualifiedName, Set<QualifiedName>> dependencies,
            Set<QualifiedName> visited,
            Set<QualifiedName> ordered) {
        if (visited.add(view)) {
            dependencies.getOrDefault(view, Set.of()).forEach(read -> visit(read, dependencies, visited, ordered));
            ordered.add(view);
        }
    }

    private static void refresh(Connection target, QualifiedName view, String option) {
        try (Statement statement = target.createStatement()) {
            statement.execute("REFRESH MATERIALIZED VIEW " + view.quoted() + option);
        } catch (SQLException refusal) {
            throw SqlState.toException(
                    Side.TARGET, "Materialized view " + view + " could not be refreshed on the target.", refusal);
        }
    }
}
