package org.pgmigrator.core.cutover;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.postgres.Catalog;
import org.pgmigrator.core.postgres.Side;
import org.pgmigrator.core.postgres.SqlState;

/// Deferrable unique constraints: the replica role does not enforce them, so they are proved before the target is
/// opened.
public final class DeferrableKeys {

    private static final String CONSTRAINTS = """
            select con.conname, format('%%I.%%I', n.nspname, c.relname),
                   (select string_agg(quote_ident(a.attname), ', ' order by k.position)
                    from unnest(con.conkey) with ordinality k(attnum, position)
                    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum),
                   (select string_agg(quote_ident(a.attname) || ' is not null', ' and ' order by k.position)
                    from unnest(con.conkey) with ordinality k(attnum, position)
                    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum)
            from pg_constraint con
            join pg_class c on c.oid = con.conrelid
            join pg_namespace n on n.oid = c.relnamespace
            where con.contype in ('u', 'p') and con.condeferrable and %s
            """.formatted(Catalog.USER_SCHEMA).replace("%%", "%");

    private DeferrableKeys() {}

    /// Looks for duplicates under every deferrable unique or primary key of the target.
    ///
    /// @return how many constraints were proved
    /// @throws MigrationException VERIFICATION_MISMATCH naming those that do not hold
    public static int prove(Connection target) {
        List<String> violated = new ArrayList<>();
        int proved = 0;
        try (Statement list = target.createStatement();
                ResultSet row = list.executeQuery(CONSTRAINTS)) {
            while (row.next()) {
                String duplicates = "select count(*) from (select 1 from " + row.getString(2) + " where "
                        + row.getString(4) + " group by " + row.getString(3) + " having count(*) > 1) d";
                if (!"0".equals(Catalog.value(target, duplicates))) {
                    violated.add(row.getString(1) + " on " + row.getString(2));
                }
                proved++;
            }
        } catch (SQLException refusal) {
            throw SqlState.toException(Side.TARGET, "The deferrable constraints could not be proved.", refusal);
        }
        if (!violated.isEmpty()) {
            throw new MigrationException(Failure.of(
                    FailureKind.VERIFICATION_MISMATCH,
                    "Deferrable unique constraints do not hold on the target.",
                    String.join(", ", violated)));
        }
        return proved;
    }
}
