package org.pgmigrator.core.validate;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import org.pgmigrator.core.config.QualifiedName;
import org.pgmigrator.core.postgres.Catalog;

/// Whether the two servers and databases fit each other.
final class PairChecks {

    private static final String SQL_ASCII = "SQL_ASCII";
    private static final String UTF8 = "UTF8";

    private PairChecks() {}

    static List<Check<PairView>> all() {
        return List.of(
                new Check<>("same-database", PairChecks::sameDatabase),
                new Check<>("versions", PairChecks::versions),
                new Check<>("encoding", PairChecks::encoding),
                new Check<>("collation", PairChecks::collation));
    }

    /// A clone has its original's system identifier and oids, but was started at another moment.
    private static void sameDatabase(PairView view, Findings findings) {
        ServerFacts source = view.source().server();
        ServerFacts target = view.target().server();
        boolean sameServer = source.startTime().equals(target.startTime())
                && source.systemIdentifier().equals(target.systemIdentifier());
        if (sameServer && source.databaseOid() == target.databaseOid()) {
            findings.error(
                    "Source and target are the same database, " + source.quotedDatabase() + ".",
                    "Both connection strings lead to the same server and database.",
                    "Correct --source or --target.");
        } else if (sameServer) {
            findings.ok("Source and target are two databases of the same server.");
        } else {
            findings.ok("Source and target are different servers.");
        }
    }

    private static void versions(PairView view, Findings findings) {
        int source = view.source().server().major();
        int target = view.target().server().major();
        if (target < source) {
            findings.warning(
                    "The target is older than the source: PostgreSQL " + target + " and " + source + ".",
                    "The dump may use syntax and settings that the older server does not know; then the restore fails.",
                    "Use a target of version " + source + " or later.");
        } else {
            findings.ok("The migration goes from PostgreSQL " + source + " to " + target + ".");
        }
    }

    /// Provider and locale of a database.
    private record Locales(String encoding, String provider, String collate, String ctype) {
        String described() {
            return "encoding " + encoding + ", provider " + provider + ", collation " + collate + ", ctype " + ctype;
        }

        boolean sortsAs(Locales other) {
            return provider.equals(other.provider)
                    && plain(collate).equals(plain(other.collate))
                    && plain(ctype).equals(plain(other.ctype));
        }

        /// `en_US.UTF-8` and `en_US.utf8` are the same locale.
        private static String plain(String locale) {
            return locale.toLowerCase(Locale.ROOT).replace("-", "");
        }
    }

    private static Locales locales(Connection connection, int major) throws SQLException {
        String provider = switch (Math.max(14, Math.min(major, 17))) {
            case 14 -> "'libc'";
            case 15, 16 -> "case datlocprovider when 'i' then 'icu ' || coalesce(daticulocale, '') else 'libc' end";
            default ->
                "case datlocprovider when 'i' then 'icu ' || coalesce(datlocale, '')"
                        + " when 'b' then 'builtin ' || coalesce(datlocale, '') else 'libc' end";
        };
        return Query.one(
                connection,
                "select pg_encoding_to_char(encoding), " + provider
                        + ", datcollate, datctype from pg_database where datname = current_database()",
                row -> new Locales(row.getString(1), row.getString(2), row.getString(3), row.getString(4)));
    }

    private static boolean hashesTexts(Connection source) throws SQLException {
        return "t"
                .equals(
                        Catalog.value(
                                source,
                                "select exists (select from pg_partitioned_table p where p.partstrat = 'h'"
                                        + " and exists (select from unnest(p.partcollation::oid[]) k(texts) where k.texts <> 0))"));
    }

    private static void encoding(PairView view, Findings findings) throws SQLException {
        String source =
                locales(view.source().connection(), view.source().major()).encoding();
        String target = locales(
                        view.target().connection(), view.target().server().major())
                .encoding();
        String recreate = "CREATE DATABASE " + view.target().server().quotedDatabase()
                + " TEMPLATE template0 ENCODING '" + (source.equals(SQL_ASCII) ? UTF8 : source) + "'";
        if (source.equals(SQL_ASCII)) {
            findings.error(
                    "The source's encoding is SQL_ASCII.",
                    "Such a database may hold bytes of any encoding; they cannot be carried without being interpreted.",
                    "Convert the source to a real encoding first.");
        } else if (source.equals(target)) {
            findings.ok("Both databases have the encoding " + source + ".");
        } else if (target.equals(UTF8) && hashesTexts(view.source().connection())) {
            findings.error(
                    "The encodings differ, " + source
                            + " on the source and UTF8 on the target, and tables are partitioned"
                            + " by the hash of a text.",
                    "What is hashed are the bytes, so that rows belong to other partitions on the target.",
                    "Make the target anew: " + recreate);
        } else if (target.equals(UTF8)) {
            findings.warning(
                    "The encodings differ: " + source + " on the source, UTF8 on the target.",
                    "Every text is converted; it may take more bytes, and sort differently.",
                    "If that is not wanted, make the target anew: " + recreate);
        } else {
            findings.error(
                    "The encodings differ: " + source + " on the source, " + target + " on the target.",
                    "The target cannot hold every character of the source.",
                    "Make the target anew: " + recreate);
        }
    }

    private static void collation(PairView view, Findings findings) throws SQLException {
        Locales source = locales(view.source().connection(), view.source().major());
        Locales target =
                locales(view.target().connection(), view.target().server().major());
        if (source.sortsAs(target)) {
            findings.ok("Both databases have the collation " + source.collate() + ".");
            return;
        }
        findings.warning(
                "The locales differ: the source has " + source.described() + "; the target has " + target.described()
                        + ".",
                "Texts sort and compare differently after the cutover, also in indexes, constraints and partition"
                        + " bounds.",
                "If that is not wanted, make the target anew: CREATE DATABASE "
                        + QualifiedName.quote(view.target().server().database()) + " TEMPLATE template0 LC_COLLATE "
                        + Words.literal(source.collate()) + " LC_CTYPE " + Words.literal(source.ctype()));
    }
}
