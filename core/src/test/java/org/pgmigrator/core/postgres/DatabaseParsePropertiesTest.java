package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.pgmigrator.core.config.Secret;
import org.pgmigrator.core.error.MigrationException;

/// Whatever the string: a refusal and nothing else, and never a piece of the password in it.
class DatabaseParsePropertiesTest {

    private static final Map<String, String> ENVIRONMENT =
            Map.of("HOME", "/nonexistent", "PGSYSCONFDIR", "/nonexistent");
    private static final String MARK = "Zq7Zq7";

    @Property(tries = 2000)
    void anyTextIsReadOrRefused(@ForAll String text, @ForAll @IntRange(max = 3) int form) {
        String prefix = new String[] {"", "postgresql://", "host=h ", "postgresql://u:p@h/d?"}[form];
        tryToParse(prefix + text);
    }

    @Property(tries = 2000)
    void aRefusalNeverRepeatsARawPassword(
            @ForAll @From("awkward") String before,
            @ForAll @From("awkward") String after,
            @ForAll @IntRange(max = 4) int form) {
        String password = before + MARK + after;
        String text = switch (form) {
            case 0 -> "postgresql://user:" + password + "@host:5432/db?sslmode=disable";
            case 1 -> "postgresql://user:" + password + "@host/db";
            case 2 -> "host=h user=u password=" + password + " port=5";
            case 3 -> "host=h password='" + password + "' port=5";
            default -> "postgres//user:" + password + "@host/db?sslmode=disable";
        };
        String refusal = tryToParse(text);
        assertThat(refusal).doesNotContain(MARK);
    }

    @Property(tries = 500)
    void anEncodedPasswordArrivesAsItIs(@ForAll @From("awkward") String password) {
        String encoded = URLEncoder.encode(password, StandardCharsets.UTF_8).replace("+", "%20");
        String quoted = password.replace("\\", "\\\\").replace("'", "\\'");
        for (String text :
                new String[] {"postgresql://u:" + encoded + "@h/d", "host=h user=u password='" + quoted + "' dbname=d"
                }) {
            Database database = Database.parse(Side.TARGET, new Secret(text), ENVIRONMENT);
            assertThat(database.forChildProcess().environment().getOrDefault("PGPASSWORD", ""))
                    .isEqualTo(password);
            assertThat(database.describe()).isEqualTo("h:5432/d as u");
        }
    }

    @Property(tries = 500)
    void whatAChildIsToldIsReadBackAsTheSame(
            @ForAll @From("awkward") String name, @ForAll @From("awkward") String user) {
        Conninfo conninfo = new Conninfo();
        conninfo.add("host", "h");
        conninfo.add("dbname", name + "d");
        conninfo.add("user", user + "u");
        Database database = Database.parse(Side.SOURCE, new Secret(conninfo.toString()), ENVIRONMENT);
        assertThat(database.name()).isEqualTo(name + "d");
        assertThat(database.user()).isEqualTo(user + "u");
    }

    @Provide
    Arbitrary<String> awkward() {
        return Arbitraries.strings().withChars("ab1 @:/?=&%'\\,[]#+äé€").ofMaxLength(8);
    }

    /// Everything that a person could see of the outcome.
    private static String tryToParse(String text) {
        try {
            Database database = Database.parse(Side.SOURCE, new Secret(text), ENVIRONMENT);
            assertThat(database.forChildProcess().toString()).isNotEmpty();
            return database.describe() + database.warnings();
        } catch (MigrationException refused) {
            StringBuilder seen = new StringBuilder(refused.failure().toString());
            for (Throwable cause = refused; cause != null; cause = cause.getCause()) {
                seen.append(cause);
            }
            return seen.toString();
        }
    }
}
