package org.pgmigrator.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.core.config.ReplicationConfig.WithoutIdentity;

class ConfigTest {

    @ParameterizedTest
    @ValueSource(strings = {"", "Upper", "with-dash", "ünï", "quote\"", "a b"})
    void aSlotNameThatTheServerWouldRefuseIsRefusedHere(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new ReplicationConfig(name, Optional.empty(), "s", WithoutIdentity.FAIL, Duration.ZERO))
                .withMessageContaining("--slot-name");
    }

    @Test
    void theInsertOnlyPublicationsNameFitsIntoAnIdentifier() {
        ReplicationConfig config = new ReplicationConfig(
                "s".repeat(63), Optional.empty(), "sub", WithoutIdentity.INSERT_ONLY, Duration.ZERO);
        assertThat(config.insertOnlyPublication())
                .hasSize(63)
                .isNotEqualTo(config.ownPublication())
                .endsWith("_insert_only");
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new LagConfig(-1, Duration.ofSeconds(1)));
        assertThatIllegalArgumentException().isThrownBy(() -> new LagConfig(1, Duration.ZERO));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CutoverConfig(
                        false,
                        -1,
                        Duration.ofSeconds(1),
                        CutoverConfig.When.OPERATOR,
                        SourceLockConfig.DEFAULT,
                        VerifyLevel.COUNTS));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CutoverConfig(
                        false,
                        0,
                        Duration.ZERO,
                        CutoverConfig.When.OPERATOR,
                        SourceLockConfig.DEFAULT,
                        VerifyLevel.COUNTS));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CopyConfig(0, false, false, false, false, Optional.empty(), Optional.empty()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "orders|public|orders",
                "Sales.Orders|sales|orders",
                "\"Sales\".\"Or.ders\"|Sales|Or.ders",
                "\"a\"\"b\".c|a\"b|c",
                "s.\"x\"|s|x"
            })
    void namesAreReadAsSqlReadsThem(String text, String schema, String name) {
        assertThat(QualifiedName.parse(text)).isEqualTo(new QualifiedName(schema, name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a.", ".b", "\"open", "\"\""})
    void whatIsNoNameIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> QualifiedName.parse(text));
    }

    @Test
    void namesAreQuotedForSqlAndPlainForPeopleWherePossible() {
        QualifiedName name = new QualifiedName("s", "Or\"ders");
        assertThat(name.quoted()).isEqualTo("\"s\".\"Or\"\"ders\"");
        assertThat(name).hasToString("s.\"Or\"\"ders\"");
    }

    @Test
    void excludesWinOverIncludes() {
        FilterConfig filter = new FilterConfig(
                List.of("app"),
                List.of("app_old"),
                List.of(new QualifiedName("other", "one")),
                List.of(new QualifiedName("app", "skipped")));
        assertThat(filter.carries(new QualifiedName("app", "t"))).isTrue();
        assertThat(filter.carries(new QualifiedName("app", "skipped"))).isFalse();
        assertThat(filter.carries(new QualifiedName("other", "one"))).isTrue();
        assertThat(filter.carries(new QualifiedName("other", "two"))).isFalse();
        assertThat(FilterConfig.EVERYTHING.carries(new QualifiedName("any", "thing")))
                .isTrue();
    }

    @Test
    void aSecretDoesNotShowItself() {
        assertThat(new Secret("hunter2")).hasToString("****");
    }

    @Test
    void aSmallMachineAppliesWithOneLane() {
        assertThat(ApplyConfig.lanesFor(1)).isEqualTo(1);
        assertThat(ApplyConfig.lanesFor(8)).isEqualTo(1);
        assertThat(ApplyConfig.lanesFor(16)).isEqualTo(2);
        assertThat(ApplyConfig.lanesFor(128)).isEqualTo(4);
    }
}
