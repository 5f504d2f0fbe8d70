package org.pgmigrator.core.validate;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.CatalogTable;

/// What the role must be allowed to do on the source.
final class SourcePrivilegeChecks {

    private SourcePrivilegeChecks() {}

    static List<Check<SourceView>> all() {
        return List.of(
                new Check<>("publication-privilege", SourcePrivilegeChecks::publication),
                new Check<>("select-privilege", SourcePrivilegeChecks::select),
                new Check<>("row-security", SourcePrivilegeChecks::rowSecurity));
    }

    private record Owned(QualifiedName table, String owner) {}

    private static final String NOT_OWNED = """
            select n.nspname, c.relname, pg_get_userbyid(c.relowner)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.oid = any(?) and not pg_has_role(current_user, c.relowner, 'usage')
            order by 1, 2
            """;

    /// CREATE on the database and ownership of each listed table: what CREATE PUBLICATION ... FOR TABLE asks for.
    private static void publication(SourceView view, Findings findings) throws SQLException {
        List<CatalogTable> listed = new ArrayList<>(view.plan().insertOnly());
        boolean ownPublication = view.request().replication().publication().isEmpty();
        if (ownPublication) {
            listed.addAll(view.plan().published());
        }
        if (!view.online() || (listed.isEmpty() && !ownPublication)) {
            findings.ok("No publication will be created.");
            return;
        }
        String role = view.server().quotedRole();
        boolean mayCreate =
                Query.truth(view.connection(), "select has_database_privilege(current_database(), 'CREATE')");
        if (!mayCreate) {
            findings.error(
                    "The role " + role + " may not create a publication in the source database.",
                    "CREATE PUBLICATION needs the CREATE privilege on the database.",
                    "GRANT CREATE ON DATABASE " + view.server().quotedDatabase() + " TO " + role + ";");
        }
        List<Owned> foreign = notOwned(view, listed);
        if (!foreign.isEmpty()) {
            findings.error(
                    "The role " + role + " does not own " + Words.count(foreign.size(), "table") + " to be published: "
                            + Words.list(foreign.stream().map(Owned::table).toList()) + ".",
                    "CREATE PUBLICATION ... FOR TABLE needs ownership of each table, or membership in its owner.",
                    membership(foreign, role));
        }
        if (mayCreate && foreign.isEmpty()) {
            findings.ok("The role " + role + " may publish the tables.");
        }
    }

    /// The statements that make `role` a member of the owners.
    private static List<String> membership(List<Owned> tables, String role) {
        Set<String> owners = new LinkedHashSet<>();
        tables.forEach(table -> owners.add(table.owner()));
        return owners.stream()
                .map(owner -> "GRANT " + QualifiedName.quote(owner) + " TO " + role + ";")
                .toList();
    }

    private static List<Owned> notOwned(SourceView view, List<CatalogTable> tables) throws SQLException {
        return Query.list(
                view.connection(),
                NOT_OWNED,
                row -> new Owned(new QualifiedName(row.getString(1), row.getString(2)), row.getString(3)),
                Query.oids(view.connection(), tables));
    }

    /// The statements that let the role alter `tables`; empty if it may already.
    static List<String> ownershipRemedy(SourceView view, List<CatalogTable> tables) throws SQLException {
        return membership(notOwned(view, tables), view.server().quotedRole());
    }

    private record Unreadable(QualifiedName name, boolean sequence, boolean schemaClosed) {}

    private static final String UNREADABLE = """
            select n.nspname, c.relname, c.relkind = 'S', not has_schema_privilege(n.oid, 'USAGE')
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where (c.oid = any(?) or c.relkind = 'S' and %s)
              and not (has_schema_privilege(n.oid, 'USAGE')
                       and case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'SELECT')
                                else has_table_privilege(c.oid, 'SELECT') end)
            order by 1, 2
            """.formatted(Catalog.USER_SCHEMA);

    private static void select(SourceView view, Findings findings) throws SQLException {
        Set<QualifiedName> sequences = Set.copyOf(view.sequences());
        List<Unreadable> unreadable = Query.list(
                        view.connection(),
                        UNREADABLE,
                        row -> new Unreadable(
                                new QualifiedName(row.getString(1), row.getString(2)),
                                row.getBoolean(3),
                                row.getBoolean(4)),
                        Query.oids(view.connection(), view.plan().carried()))
                .stream()
                .filter(relation -> !relation.sequence() || sequences.contains(relation.name()))
                .toList();
        if (unreadable.isEmpty()) {
            findings.ok("Every table and sequence to be copied can be read.");
        } else {
            String role = view.server().quotedRole();
            Set<String> remedy = new LinkedHashSet<>();
            unreadable.stream()
                    .filter(Unreadable::schemaClosed)
                    .forEach(relation -> remedy.add("GRANT USAGE ON SCHEMA "
                            + QualifiedName.quote(relation.name().schema()) + " TO " + role + ";"));
            unreadable.forEach(
                    relation -> remedy.add("GRANT SELECT ON " + (relation.sequence() ? "SEQUENCE " : "TABLE ")
                            + relation.name().quoted() + " TO " + role + ";"));
            findings.error(
                    "The role " + role + " cannot read "
                            + Words.list(
                                    unreadable.stream().map(Unreadable::name).toList()) + " on the source.",
                    "pg_dump needs USAGE on the schema and SELECT on each table and sequence.",
                    List.copyOf(remedy));
        }
        largeObjects(view, findings);
    }

    private static final String UNREADABLE_LARGE_OBJECTS = """
            select count(*) from pg_largeobject_metadata m
            where not pg_has_role(current_user, m.lomowner, 'usage')
              and not exists (select from aclexplode(m.lomacl) a where a.privilege_type = 'SELECT'
                              and (a.grantee = 0 or pg_has_role(current_user, a.grantee, 'usage')))
            """;

    private static void largeObjects(SourceView view, Findings findings) throws SQLException {
        if (CarriedSchemas.hasIncludes(view.request().filter())
                || view.server().superuser()
                || Query.truth(view.connection(), "select current_setting('lo_compat_privileges')::bool")) {
            return;
        }
        long unreadable = Query.number(view.connection(), UNREADABLE_LARGE_OBJECTS);
        if (unreadable > 0) {
            String role = view.server().quotedRole();
            findings.error(
                    "The role " + role + " cannot read " + Words.count(unreadable, "large object") + " on the source.",
                    "pg_dump reads every large object and fails at the first one that it may not read.",
                    "DO $$ DECLARE o oid; BEGIN FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP EXECUTE"
                            + " format('GRANT SELECT ON LARGE OBJECT %s TO %I', o, "
                            + Words.literal(view.server().role())
                            + "); END LOOP; END $$;");
        }
    }

    /// `row_security_active` is the server's own answer for the connected role; partitions have policies of their own.
    private static void rowSecurity(SourceView view, Findings findings) throws SQLException {
        List<QualifiedName> filtered = Query.list(
                view.connection(),
                "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                        + " where c.oid = any(?) and c.relkind = 'r' and row_security_active(c.oid) order by 1, 2",
                row -> new QualifiedName(row.getString(1), row.getString(2)),
                Query.oids(view.connection(), view.plan().carried()));
        if (filtered.isEmpty()) {
            findings.ok("Row level security hides no row from the copy.");
            return;
        }
        findings.error(
                "Row level security would hide rows of " + Words.list(filtered) + " from the role "
                        + view.server().quotedRole() + ".",
                "Rather than copy a part, pg_dump fails under an active policy.",
                "ALTER ROLE " + view.server().quotedRole() + " BYPASSRLS;");
    }
}
