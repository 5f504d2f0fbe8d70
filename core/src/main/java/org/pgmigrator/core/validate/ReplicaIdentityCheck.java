package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.CatalogTable;
import org.pgmigrator.core.postgres.CatalogTable.Identity;

/// Whether the source will go on accepting UPDATE and DELETE once its tables are published.
final class ReplicaIdentityCheck {

    /// From here on a scan for each update is worth a warning.
    private static final long MANY_ROWS = 10_000;

    private ReplicaIdentityCheck() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("replica-identity", ReplicaIdentityCheck::identity),
                new Check<>("replica-identity-full", ReplicaIdentityCheck::slowFull));
    }

    private static void identity(SourceView view, Findings findings) throws SQLException {
        List<CatalogTable> without = view.plan().withoutIdentity();
        if (!view.online()) {
            findings.ok("An offline migration needs no replica identity.");
        } else if (without.isEmpty()) {
            findings.ok("Every table to be streamed (" + view.plan().streamed().size() + ") has a replica identity.");
        } else {
            switch (view.request().replication().withoutIdentity()) {
                case FAIL -> fail(view, without, findings);
                case FULL -> full(view, without, findings);
                case INSERT_ONLY -> insertOnly(without, findings);
            }
        }
    }

    private static void fail(SourceView view, List<CatalogTable> without, Findings findings) throws SQLException {
        Map<Long, Candidate> candidates = candidates(view, without);
        List<String> remedy = new ArrayList<>();
        for (CatalogTable table : without) {
            remedy.add(remedy(table, candidates.get(table.oid()), view.major()));
        }
        remedy.add("Better than FULL where it is possible: give the table a primary key on NOT NULL columns.");
        remedy.add("Or run with --without-identity full (set for the time of the migration and then reverted) or"
                + " --without-identity insert-only (for tables that are only inserted into).");
        findings.error(
                Words.count(without.size(), "table") + " of the source " + (without.size() == 1 ? "has" : "have")
                        + " no usable replica identity: " + described(without) + ".",
                "Once published, the source would refuse the application's UPDATE and DELETE on them.",
                remedy);
    }

    private static void full(SourceView view, List<CatalogTable> without, Findings findings) throws SQLException {
        List<CatalogTable> impossible = without.stream()
                .filter(table -> !IdentityRule.fullIsPossible(table, view.major()))
                .toList();
        if (!impossible.isEmpty()) {
            findings.error(
                    "REPLICA IDENTITY FULL does not help " + described(impossible) + ".",
                    "From PostgreSQL 18 on, a table with generated columns refuses UPDATE and DELETE under it.",
                    "Give each a primary key on columns that are not generated, or run with --without-identity"
                            + " insert-only if it is only inserted into.");
        }
        List<String> ownership = SourcePrivilegeChecks.ownershipRemedy(view, without);
        if (!ownership.isEmpty()) {
            findings.error(
                    "The role " + view.server().quotedRole() + " may not set REPLICA IDENTITY FULL on tables that it"
                            + " does not own.",
                    "--without-identity full alters " + described(without) + "; ALTER TABLE needs ownership.",
                    ownership);
        }
        Map<Long, Candidate> candidates = candidates(view, without);
        List<String> instead = new ArrayList<>();
        for (CatalogTable table : without) {
            Candidate candidate = candidates.get(table.oid());
            if (candidate != null) {
                instead.add(remedy(table, candidate, view.major()));
            }
        }
        findings.warning(
                "REPLICA IDENTITY FULL will be set on " + described(without) + " and reverted at the end.",
                "They have no usable replica identity. Each ALTER TABLE takes an ACCESS EXCLUSIVE lock for a moment,"
                        + " and their updates and deletes write the whole old row to the WAL meanwhile.",
                instead);
    }

    private static void insertOnly(List<CatalogTable> without, Findings findings) {
        findings.warning(
                "Only inserts and truncates are carried for " + described(without) + ".",
                "They have no usable replica identity, and --without-identity is insert-only. An UPDATE or DELETE on"
                        + " them is not refused by the source, and is not carried; equality is proved at the cutover.");
    }

    /// Large tables under FULL: each of their updates looks for its row on the target without the help of a key.
    private static void slowFull(SourceView view, Findings findings) throws SQLException {
        if (!view.online()) {
            return;
        }
        boolean setFull = switch (view.request().replication().withoutIdentity()) {
            case FULL -> true;
            case FAIL, INSERT_ONLY -> false;
        };
        List<CatalogTable> full = view.plan().streamed().stream()
                .filter(table -> table.rows() >= MANY_ROWS
                        && (table.identity() == Identity.FULL
                                || (setFull && view.plan().withoutIdentity().contains(table))))
                .toList();
        List<QualifiedName> slow = Query.list(
                view.connection(),
                "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                        + " where c.oid = any(?) and not exists (select from pg_index i where i.indrelid = c.oid"
                        + " and i.indisunique and i.indisvalid and i.indpred is null) order by 1, 2",
                row -> new QualifiedName(row.getString(1), row.getString(2)),
                Query.oids(view.connection(), full));
        if (!slow.isEmpty()) {
            findings.warning(
                    "Updates and deletes of " + Words.list(slow) + " will be slow on the target.",
                    "Under REPLICA IDENTITY FULL and without any unique index, each of them searches the whole table"
                            + " for its row.",
                    "Add a primary key or a unique index if these tables are updated often.");
        }
    }

    private static String described(List<CatalogTable> tables) {
        return Words.list(tables.stream().map(ReplicaIdentityCheck::described).toList());
    }

    private static String described(CatalogTable table) {
        Optional<CatalogTable.IdentityIndex> index = table.identityIndex();
        if (index.isPresent() && index.get().hasGeneratedColumn()) {
            return table.name() + " (its key " + index.get().name() + " has a generated column)";
        }
        return switch (table.identity()) {
            case DEFAULT -> table.name().toString();
            case NOTHING -> table.name() + " (REPLICA IDENTITY NOTHING)";
            case INDEX -> table.name() + " (its identity index is gone or not usable)";
            case FULL -> table.name() + " (REPLICA IDENTITY FULL with generated columns)";
        };
    }

    /// An index that could identify the rows.
    private record Candidate(String index, boolean primary) {}

    /// By the server's rule for USING INDEX, and without generated columns, which are absent from the stream.
    private static final String CANDIDATES = """
            select distinct on (i.indrelid) i.indrelid::int8, ic.relname, i.indisprimary
            from pg_index i join pg_class ic on ic.oid = i.indexrelid
            where i.indrelid = any(?) and i.indisunique and i.indisvalid and i.indisready and i.indimmediate
              and i.indpred is null and i.indexprs is null
              and not exists (select from unnest(i.indkey::int2[]) with ordinality k(attnum, position)
                              join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                              where k.position <= i.indnkeyatts and (not a.attnotnull or a.attgenerated <> ''))
            order by i.indrelid, i.indisprimary desc, i.indnkeyatts, ic.relname
            """;

    private static Map<Long, Candidate> candidates(SourceView view, List<CatalogTable> tables) throws SQLException {
        Map<Long, Candidate> candidates = new HashMap<>();
        Query.list(
                view.connection(),
                CANDIDATES,
                row -> candidates.put(row.getLong(1), new Candidate(row.getString(2), row.getBoolean(3))),
                Query.oids(view.connection(), tables));
        return candidates;
    }

    private static String remedy(CatalogTable table, @Nullable Candidate candidate, int major) {
        String alter = "ALTER TABLE " + table.name().quoted() + " REPLICA IDENTITY ";
        if (candidate != null) {
            return candidate.primary()
                    ? alter + "DEFAULT;"
                    : alter + "USING INDEX " + QualifiedName.quote(candidate.index()) + ";";
        }
        return IdentityRule.fullIsPossible(table, major)
                ? alter + "FULL;"
                : "Give " + table.name() + " a primary key on columns that are not generated: under PostgreSQL " + major
                        + " REPLICA IDENTITY FULL does not help a table with generated columns.";
    }
}
