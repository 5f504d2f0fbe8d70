package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.pgmigrator.core.config.FilterConfig;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;

/// What the source's objects need to find on the target.
final class PairObjectChecks {

    private PairObjectChecks() {}

    static List<Check<PairView>> all() {
        return List.of(
                new Check<>("extensions", PairObjectChecks::extensions),
                new Check<>("roles", PairObjectChecks::roles),
                new Check<>("tablespaces", PairObjectChecks::tablespaces),
                new Check<>("target-schemas", PairObjectChecks::schemas),
                new Check<>("target-names", PairObjectChecks::names),
                new Check<>("target-row-security", PairObjectChecks::rowSecurity));
    }

    /// @param defaultVersion what CREATE EXTENSION would install
    /// @param installed      the installed version; empty if it is not
    /// @param trusted        whoever may create schemas may create it
    private record Extension(String name, String defaultVersion, String installed, boolean trusted) {
        String willBe() {
            return installed.isEmpty() ? defaultVersion : installed;
        }
    }

    private static final String AVAILABLE = """
            select a.name, coalesce(a.default_version, ''), coalesce(a.installed_version, ''),
                   coalesce((select bool_or(v.trusted) from pg_available_extension_versions v where v.name = a.name), false)
            from pg_available_extensions a
            """;

    private static void extensions(PairView view, Findings findings) throws SQLException {
        Map<String, Extension> available = new HashMap<>();
        for (Extension extension : Query.list(
                view.target().connection(),
                AVAILABLE,
                row -> new Extension(row.getString(1), row.getString(2), row.getString(3), row.getBoolean(4)))) {
            available.put(extension.name(), extension);
        }
        Map<String, String> used = new LinkedHashMap<>();
        for (List<String> extension : Query.list(
                view.source().connection(),
                "select extname, extversion from pg_extension order by 1",
                row -> List.of(row.getString(1), row.getString(2)))) {
            used.put(extension.get(0), extension.get(1));
        }
        used.forEach((name, version) -> {
            Extension extension = available.get(name);
            if (extension == null) {
                findings.errorUnless(
                        view.request().copy().allowRestoreErrors()
                                || CarriedSchemas.hasIncludes(view.request().filter()),
                        "The extension " + name + " " + version + " is not available on the target's server.",
                        "The source uses it; CREATE EXTENSION would fail there, and all that depends on it.",
                        List.of("Install its package on the target's server, or drop it from the source."));
            } else {
                extension(view, extension, version, findings);
            }
        });
        if (findings.isEmpty()) {
            findings.ok("Every extension of the source is available on the target in the same version: "
                    + Words.list(used.keySet()) + ".");
        }
    }

    private static void extension(PairView view, Extension extension, String version, Findings findings) {
        ServerFacts target = view.target().server();
        String create = "CREATE EXTENSION IF NOT EXISTS " + QualifiedName.quote(extension.name());
        if (!extension.willBe().equals(version)) {
            findings.warning(
                    "The extension " + extension.name() + " has version " + version + " on the source and "
                            + extension.willBe() + " on the target.",
                    "The dump does not name a version: the target's own is used, which may behave differently.",
                    "If the source's version must stay, install it on the target first: " + create + " VERSION "
                            + Words.literal(version));
        }
        if (!extension.installed().isEmpty()) {
            return;
        }
        if (!target.superuser() && !extension.trusted()) {
            findings.warning(
                    "The role " + target.quotedRole() + " may not be allowed to create the extension "
                            + extension.name() + " on the target.",
                    "It is not a trusted extension, and the role is no superuser (managed services allow some of them"
                            + " to their administrator).",
                    create + ";");
        }
    }

    /// The owner of each object, or a role that it grants something to.
    ///
    /// @param table  the relation; empty if the object is none
    /// @param why    `owner`, `grant` or `policy`
    private record Mention(String role, String schema, String table, String why) {}

    /// pg_shdepend leaves the bootstrap superuser out, so owners come from the objects themselves.
    private static final String OWNERS = """
            select pg_get_userbyid(c.relowner), n.nspname, c.relname, 'owner'
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't' and %1$s and %2$s
            union select pg_get_userbyid(n.nspowner), n.nspname, '', 'owner' from pg_namespace n
            where %1$s and n.nspname <> 'public'
            union select pg_get_userbyid(p.proowner), n.nspname, '', 'owner'
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace where %1$s and %3$s
            union select pg_get_userbyid(t.typowner), n.nspname, '', 'owner'
            from pg_type t join pg_namespace n on n.oid = t.typnamespace
            where %1$s and t.typrelid = 0 and t.typelem = 0 and %4$s
            """.formatted(
                    Catalog.USER_SCHEMA,
                    notOfExtension("pg_class", "c"),
                    notOfExtension("pg_proc", "p"),
                    notOfExtension("pg_type", "t"));

    private static final String GRANTEES =
            """
            select r.rolname, n.nspname, c.relname, 'grant'
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            cross join lateral aclexplode(c.relacl) a
            join pg_roles r on r.oid = a.grantee and a.grantee <> c.relowner
            where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and %1$s and %2$s
            union select r.rolname, n.nspname, c.relname, 'grant'
            from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace
            cross join lateral aclexplode(t.attacl) a
            join pg_roles r on r.oid = a.grantee and a.grantee <> c.relowner where %1$s and %2$s
            union select r.rolname, n.nspname, '', 'grant' from pg_namespace n
            cross join lateral aclexplode(n.nspacl) a
            join pg_roles r on r.oid = a.grantee and a.grantee <> n.nspowner where %1$s
            union select r.rolname, n.nspname, '', 'grant'
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace cross join lateral aclexplode(p.proacl) a
            join pg_roles r on r.oid = a.grantee and a.grantee <> p.proowner where %1$s and %3$s
            union select r.rolname, n.nspname, '', 'grant'
            from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace
            cross join lateral aclexplode(d.defaclacl) a
            join pg_roles r on r.oid = a.grantee or r.oid = d.defaclrole where %1$s
            union select r.rolname, n.nspname, c.relname, 'policy'
            from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
            join pg_roles r on r.oid = any(p.polroles) where %1$s
            """.formatted(Catalog.USER_SCHEMA, notOfExtension("pg_class", "c"), notOfExtension("pg_proc", "p"));

    private static String notOfExtension(String catalog, String alias) {
        return "not exists (select from pg_depend d where d.classid = '" + catalog + "'::regclass and d.objid = "
                + alias + ".oid and d.deptype = 'e')";
    }

    private static void roles(PairView view, Findings findings) throws SQLException {
        Set<String> owners = new TreeSet<>();
        Set<String> named = new TreeSet<>();
        for (Mention mention :
                mentions(view.source().connection(), view.request().filter())) {
            switch (mention.why()) {
                case "owner" -> owners.add(mention.role());
                case "grant" -> {
                    if (!view.request().copy().noAcl()) {
                        named.add(mention.role());
                    }
                }
                default -> named.add(mention.role());
            }
        }
        if (view.request().copy().noOwner()) {
            owners.clear();
        }
        Map<String, Boolean> onTarget = new TreeMap<>();
        for (List<String> role : Query.list(
                view.target().connection(),
                "select rolname, pg_has_role(current_user, oid, 'member') from pg_roles",
                row -> List.of(row.getString(1), Boolean.toString(row.getBoolean(2))))) {
            onTarget.put(role.get(0), Boolean.valueOf(role.get(1)));
        }
        missingRoles(view, owners, named, onTarget, findings);
        List<String> notMember = owners.stream()
                .filter(owner -> Boolean.FALSE.equals(onTarget.get(owner)))
                .toList();
        if (!notMember.isEmpty()) {
            String role = view.target().server().quotedRole();
            findings.errorUnless(
                    view.request().copy().allowRestoreErrors(),
                    "The role " + role + " cannot give objects to " + Words.list(notMember) + " on the target.",
                    "The restore makes the source's owners the owners again, which needs membership in each.",
                    Stream.concat(
                                    notMember.stream()
                                            .map(owner -> "GRANT " + QualifiedName.quote(owner) + " TO " + role + ";"),
                                    Stream.of("Or use --no-owner: everything then belongs to " + role + "."))
                            .toList());
        }
        if (findings.isEmpty()) {
            findings.ok("Every role that owns something or is granted something exists on the target.");
        }
    }

    private static void missingRoles(
            PairView view, Set<String> owners, Set<String> named, Map<String, Boolean> onTarget, Findings findings) {
        Set<String> missing = new TreeSet<>(owners);
        missing.addAll(named);
        missing.removeAll(onTarget.keySet());
        if (missing.isEmpty()) {
            return;
        }
        List<String> remedy = new ArrayList<>();
        missing.forEach(role -> remedy.add("CREATE ROLE " + QualifiedName.quote(role) + ";"));
        remedy.add("Add passwords, LOGIN and memberships as on the source (pg_dumpall --roles-only prints them), or use"
                + " --no-owner and --no-acl.");
        findings.errorUnless(
                view.request().copy().allowRestoreErrors(),
                "Missing on the target: the role" + (missing.size() == 1 ? " " : "s ") + Words.list(missing) + ".",
                "They own objects of the source, or are named in a GRANT or a policy; the restore would report errors.",
                remedy);
    }

    private static List<Mention> mentions(Connection source, FilterConfig filter) throws SQLException {
        List<Mention> mentions = new ArrayList<>();
        for (String query : List.of(OWNERS, GRANTEES)) {
            mentions.addAll(Query.list(
                    source,
                    query,
                    row -> new Mention(row.getString(1), row.getString(2), row.getString(3), row.getString(4))));
        }
        return mentions.stream()
                .filter(mention -> mention.table().isEmpty()
                        ? CarriedSchemas.carries(filter, mention.schema())
                        : filter.carries(new QualifiedName(mention.schema(), mention.table())))
                .toList();
    }

    private static void tablespaces(PairView view, Findings findings) throws SQLException {
        Set<String> used = new TreeSet<>(Query.strings(
                view.source().connection(),
                "select s.spcname from pg_class c join pg_tablespace s on s.oid = c.reltablespace"
                        + " left join pg_index i on i.indexrelid = c.oid"
                        + " where coalesce(i.indrelid, c.oid) = any(?) and c.reltablespace <> 0",
                Query.oids(view.source().connection(), view.source().plan().carried())));
        Set<String> existing =
                new HashSet<>(Query.strings(view.target().connection(), "select spcname from pg_tablespace"));
        used.removeAll(existing);
        if (used.isEmpty()) {
            findings.ok("The target has every tablespace that is used.");
            return;
        }
        findings.errorUnless(
                view.request().copy().allowRestoreErrors(),
                "Missing on the target: the tablespace" + (used.size() == 1 ? " " : "s ") + Words.list(used) + ".",
                "Tables or indexes of the source are in them; the restore would report errors.",
                used.stream()
                        .map(name -> "On the target, in a folder of the server's machine: CREATE TABLESPACE "
                                + QualifiedName.quote(name) + " LOCATION '/...'")
                        .toList());
    }

    /// Schemas that exist on the target already, public above all: the role must be allowed to create in them.
    private static void schemas(PairView view, Findings findings) throws SQLException {
        Set<String> wanted = new TreeSet<>();
        view.source().plan().carried().forEach(table -> wanted.add(table.name().schema()));
        List<String> closed = Query.strings(
                view.target().connection(),
                "select nspname from pg_namespace where nspname = any(?)"
                        + " and not has_schema_privilege(oid, 'CREATE') order by 1",
                view.target().connection().createArrayOf("text", wanted.toArray()));
        if (closed.isEmpty()) {
            findings.ok(
                    "The role " + view.target().server().quotedRole() + " may create tables in the target's schemas.");
            return;
        }
        findings.error(
                "The role " + view.target().server().quotedRole() + " may not create tables in the schema "
                        + Words.list(closed) + " of the target.",
                "The schema exists already, and tables are to be restored into it.",
                closed.stream()
                        .map(schema -> "GRANT CREATE ON SCHEMA " + QualifiedName.quote(schema) + " TO "
                                + view.target().server().quotedRole() + ";")
                        .toList());
    }

    /// What a dump has that belongs to no schema, but for what may be there already (extensions, languages).
    private static final String OF_DATABASE = """
            select o.type || ' ' || quote_ident(o.name)
            from (
                select 'PUBLICATION' as type, pubname as name, 'pg_publication'::regclass as class, oid from pg_publication
                union all select 'EVENT TRIGGER', evtname, 'pg_event_trigger'::regclass, oid from pg_event_trigger
                union all select 'FOREIGN DATA WRAPPER', fdwname, 'pg_foreign_data_wrapper'::regclass, oid
                          from pg_foreign_data_wrapper
                union all select 'SERVER', srvname, 'pg_foreign_server'::regclass, oid from pg_foreign_server) o
            where not exists (select from pg_depend d where d.classid = o.class and d.objid = o.oid and d.deptype = 'e')
            order by 1
            """;

    /// They are in nobody's way by themselves, so the target counts as empty with them.
    private static void names(PairView view, Findings findings) throws SQLException {
        Set<String> both = new TreeSet<>(Query.strings(view.source().connection(), OF_DATABASE));
        both.retainAll(new HashSet<>(Query.strings(view.target().connection(), OF_DATABASE)));
        if (both.isEmpty()
                || view.request().resume()
                || view.request().copy().dropTargetFirst()
                || CarriedSchemas.hasIncludes(view.request().filter())) {
            findings.ok("Nothing on the target has the name of what is restored outside of schemas.");
            return;
        }
        findings.errorUnless(
                view.request().copy().allowRestoreErrors(),
                "The target already has " + Words.list(both) + ", as the source does.",
                "The restore would create it once more, and report an error; what was on the target before is not touched.",
                Stream.concat(
                                Stream.of("On the target, what nobody needs:"),
                                both.stream().map(object -> "DROP " + object + ";"))
                        .toList());
    }

    /// FORCE makes policies hold for the owner too, so that applied rows would be refused or not found.
    private static void rowSecurity(PairView view, Findings findings) throws SQLException {
        List<QualifiedName> forced = Query.list(
                view.source().connection(),
                "select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                        + " where c.oid = any(?) and c.relrowsecurity and c.relforcerowsecurity order by 1, 2",
                row -> new QualifiedName(row.getString(1), row.getString(2)),
                Query.oids(view.source().connection(), view.source().plan().streamed()));
        boolean bypasses = Query.truth(
                view.target().connection(),
                "select rolsuper or rolbypassrls from pg_roles where rolname = current_user");
        if (!view.request().online() || forced.isEmpty() || bypasses) {
            findings.ok("Row level security does not stand in the way on the target.");
            return;
        }
        findings.error(
                "Row level security is forced on " + Words.list(forced) + ", and the target's role "
                        + view.target().server().quotedRole() + " does not bypass it.",
                "Once restored, the policies would refuse or hide the rows that are applied.",
                "ALTER ROLE " + view.target().server().quotedRole() + " BYPASSRLS;");
    }
}
