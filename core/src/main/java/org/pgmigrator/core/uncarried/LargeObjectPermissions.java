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
import java.util.Set;
import org.pgmigrator.core.config.QualifiedName;

/// Owners and privileges of large objects, as far as the target's roles allow. Confined to one thread.
///
/// What cannot be made equal is noted, and is no failure: the dump treats it so too.
final class LargeObjectPermissions {

    private static final int LONGEST_LIST = 20;

    private final boolean owners;
    private final boolean privileges;
    /// The target's roles, and whether the session may give objects to them.
    private final Map<String, Boolean> roles = new HashMap<>();

    private final Set<String> notes = new LinkedHashSet<>();

    private LargeObjectPermissions(boolean owners, boolean privileges) {
        this.owners = owners;
        this.privileges = privileges;
    }

    /// @param owners     whether owners are carried
    /// @param privileges whether privileges are
    static LargeObjectPermissions of(Connection target, boolean owners, boolean privileges) throws SQLException {
        LargeObjectPermissions permissions = new LargeObjectPermissions(owners, privileges);
        try (Statement statement = target.createStatement();
                ResultSet row = statement.executeQuery("select rolname, pg_has_role(oid, 'MEMBER') from pg_roles")) {
            while (row.next()) {
                permissions.roles.put(row.getString(1), row.getBoolean(2));
            }
        }
        return permissions;
    }

    boolean differ(LargeObject source, LargeObject target) {
        return (owners && !source.owner().equals(target.owner()))
                || (privileges && !source.grants().equals(target.grants()));
    }

    /// What could not be made equal, a sentence each.
    List<String> notes() {
        List<String> all = List.copyOf(notes);
        if (all.size() <= LONGEST_LIST) {
            return all;
        }
        List<String> some = new ArrayList<>(all.subList(0, LONGEST_LIST));
        some.add((all.size() - LONGEST_LIST) + " more of this kind");
        return some;
    }

    /// Makes a large object of the target belong to whom it belongs to on the source, and gives the privileges.
    ///
    /// @return whether anything was to be done that could be
    boolean make(Connection target, LargeObject wanted, LargeObject there) throws SQLException {
        List<String> statements = new ArrayList<>();
        if (privileges && !wanted.grants().equals(there.grants())) {
            grant(wanted, there, statements);
        }
        if (owners && !wanted.owner().equals(there.owner())) {
            if (roles.getOrDefault(wanted.owner(), false)) {
                statements.add(
                        "ALTER LARGE OBJECT " + wanted.oid() + " OWNER TO " + QualifiedName.quote(wanted.owner()));
            } else {
                notes.add("large objects of role " + QualifiedName.quote(wanted.owner()) + " belong to "
                        + QualifiedName.quote(there.owner()) + " on the target: "
                        + (roles.containsKey(wanted.owner())
                                ? "the migration may not give them to that role"
                                : "the role does not exist there"));
            }
        }
        try (Statement statement = target.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
        return !statements.isEmpty();
    }

    private void grant(LargeObject wanted, LargeObject there, List<String> statements) {
        String on = " ON LARGE OBJECT " + wanted.oid();
        Set<String> possible = new LinkedHashSet<>();
        for (String grant : wanted.grants()) {
            String grantee = grantee(grant);
            if (grantee.isEmpty() || roles.containsKey(grantee)) {
                possible.add(grant);
            } else {
                notes.add("privileges of role " + QualifiedName.quote(grantee)
                        + " on large objects were not given: the role does not exist on the target");
            }
        }
        if (possible.equals(new LinkedHashSet<>(there.grants()))) {
            return;
        }
        there.grants().stream()
                .map(LargeObjectPermissions::grantee)
                .distinct()
                .forEach(grantee -> statements.add("REVOKE ALL" + on + " FROM " + role(grantee)));
        for (String grant : possible) {
            statements.add("GRANT " + grant.substring(0, optionAt(grant)) + on + " TO " + role(grantee(grant))
                    + (grant.charAt(optionAt(grant)) == '+' ? " WITH GRANT OPTION" : ""));
        }
    }

    /// Privileges are one word: SELECT or UPDATE.
    private static int optionAt(String grant) {
        int plus = grant.indexOf('+');
        int minus = grant.indexOf('-');
        return plus < 0 ? minus : minus < 0 ? plus : Math.min(plus, minus);
    }

    private static String grantee(String grant) {
        return grant.substring(optionAt(grant) + 1);
    }

    private static String role(String name) {
        return name.isEmpty() ? "PUBLIC" : QualifiedName.quote(name);
    }
}
