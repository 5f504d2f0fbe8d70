package org.pgmigrator.core.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;

/// What libpq's documentation and its own URI tests say, as a table.
class ConnectionStringTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "postgresql://uri-user:secret@host:12345/db | dbname=db host=host password=secret port=12345 user=uri-user",
                "postgres://uri-user@host:12345/db | dbname=db host=host port=12345 user=uri-user",
                "postgresql://uri-user@host/db | dbname=db host=host user=uri-user",
                "postgresql://host:12345/db | dbname=db host=host port=12345",
                "postgresql://host/db | dbname=db host=host",
                "postgresql://uri-user@host:12345/ | host=host port=12345 user=uri-user",
                "postgresql://uri-user@host | host=host user=uri-user",
                "postgresql:// | ``",
                "postgresql:///db | dbname=db",
                "postgresql://?host=h&port=1 | host=h port=1",
                "postgresql://host?user=u&dbname=d | dbname=d host=host user=u",
                "postgresql://u%73er:%20p%40%3A@h%6Fst/d%62 | dbname=db host=host password= p@: user=user",
                "postgresql://[::1]:5433/db | dbname=db host=::1 port=5433",
                "postgresql://[2001:db8::1234]/ | host=2001:db8::1234",
                "postgresql://h1:1,h2,[::1]:3/db | dbname=db host=h1,h2,::1 port=1,,3",
                "postgresql://h1,h2/db | dbname=db host=h1,h2",
                "postgresql://u:p@/db | dbname=db password=p user=u",
                "postgresql://:p@h | host=h password=p",
                "postgresql://@h | host=h",
                "postgresql://u:@h | host=h user=u",
                "postgresql://h/db?ssl=true | dbname=db host=h sslmode=require",
                "postgresql://h/?requiressl=1 | host=h sslmode=require",
                "postgresql://h/?user=me@corp | host=h user=me@corp",
                "postgresql://h/?options=-c%20a%3Db+c | host=h options=-c a=b+c",
                "postgresql://h/?sslmode= | host=h sslmode=",
                "postgresql://h/db?& | !",
                "postgresql://%2Ftmp%2Fsocket/db | dbname=db host=/tmp/socket",
                "host=h port=5 | host=h port=5",
                "host = h  port=5 | host=h port=5",
                "password='a b' user=u | password=a b user=u",
                "password='it\\'s \\\\' user=u | password=it's \\ user=u",
                "password=a\\ b user=u | password=a b user=u",
                "password='' user=u | password= user=u",
                "password= user=u | password=user=u",
                "host=a host=b | host=b",
                "dbname='postgresql://x' | dbname=postgresql://x",
                "password=x://y | password=x://y",
                "`` | ``"
            })
    void aStringIsReadAsLibpqReadsIt(String text, String expected) {
        if ("!".equals(expected)) {
            assertThatExceptionOfType(MigrationException.class).isThrownBy(() -> read(text));
            return;
        }
        assertThat(read(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://[::1/db",
                "postgresql://[]/db",
                "postgresql://[::1]x/db",
                "postgresql://h/db?key",
                "postgresql://h/db?sslmode=a=b",
                "postgresql://h/db?nonsense=1",
                "postgresql://h/%zz",
                "postgresql://h/%0",
                "postgresql://h/%00",
                "postgresql://h/%FF",
                "postgresql://u:p@ss@h/db",
                "postgresql://u:12/ss@h/db",
                "jdbc:postgresql://h/db?user=u",
                "mysql://h/db",
                "just_a_name",
                "host=h port",
                "host=h =5",
                "host='h",
                "host=h nonsense=1",
                "Host=h",
                "postgres//u:p@h/db?sslmode=require"
            })
    void aMalformedStringIsRefused(String text) {
        assertThatExceptionOfType(MigrationException.class)
                .isThrownBy(() -> read(text))
                .satisfies(thrown -> assertThat(thrown.failure().kind()).isEqualTo(FailureKind.CONNECTION_STRING));
    }

    @Test
    void anUnknownParameterIsNamedUnlessItMayBePartOfAPassword() {
        assertThat(why("postgresql://h/db?nonsense=1")).contains("\"nonsense\"");
        assertThat(why("host=h nonsense=1")).contains("\"nonsense\"", "position 8");
        assertThat(why("password=one twothree=4")).doesNotContain("twothree");
        assertThat(why("postgresql://u:12?sslmode=a/b&twothree=4@h")).doesNotContain("twothree");
        assertThat(why("postgres//u:p@h/db?sslmode=require")).doesNotContain("u:p");
    }

    private static String why(String text) {
        try {
            return "read as " + read(text);
        } catch (MigrationException refused) {
            return refused.failure().why() + " " + refused.failure().remedy();
        }
    }

    private static String read(String text) {
        TreeMap<String, String> values = new TreeMap<>();
        Parameters parameters = ConnectionString.read(Side.SOURCE, text);
        for (LibpqParameter parameter : LibpqParameter.values()) {
            if (parameters.isGiven(parameter)) {
                values.put(parameter.keyword(), parameters.getOrDefault(parameter, ""));
            }
        }
        return String.join(
                " ",
                values.entrySet().stream()
                        .map(value -> value.getKey() + "=" + value.getValue())
                        .toList());
    }
}
