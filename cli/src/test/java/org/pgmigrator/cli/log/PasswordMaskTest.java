package org.pgmigrator.cli.log;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordMaskTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://user:geheim@host:5432/db?sslmode=require",
                "postgres://user:geheim@h1:1,h2:2/db",
                "postgres://:geheim@host",
                "postgresql://user:ge@heim@host/db",
                "host=h password=geheim dbname=d",
                "host=h password = 'geheim \\' geheim' dbname=d",
                "jdbc:postgresql://host/db?user=u&password=geheim&ssl=true",
                "PGPASSWORD=geheim pg_dump",
                "host=h sslpassword=geheim",
            })
    void passwordsAreMaskedWhereverTheyStand(String text) {
        String masked = PasswordMask.mask("connecting to \"" + text + "\" failed");

        assertThat(masked).doesNotContain("geheim").contains("****").startsWith("connecting to \"");
        assertThat(PasswordMask.holdsPassword(text)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://user@host:5432/db",
                "postgresql://host:5432/db?options=a@b",
                "host=h user=u dbname=d passfile=/home/u/.pgpass",
                "FATAL: password authentication failed for user \"u\"",
                "12:04:31 applied 0/5A3C1F8",
            })
    void otherTextsAreLeftAsTheyAre(String text) {
        assertThat(PasswordMask.mask(text)).isEqualTo(text);
        assertThat(PasswordMask.holdsPassword(text)).isFalse();
    }

    @Test
    void theRestOfAConnectionStringStays() {
        assertThat(PasswordMask.mask("postgresql://u:p@host/db?a=b")).isEqualTo("postgresql://u:****@host/db?a=b");
        assertThat(PasswordMask.mask("password=x dbname=d")).isEqualTo("password=**** dbname=d");
    }
}
