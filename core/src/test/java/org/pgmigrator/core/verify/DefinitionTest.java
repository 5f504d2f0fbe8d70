package org.pgmigrator.core.verify;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DefinitionTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                " SELECT t.id, t.name FROM public.t WHERE (t.a = 1); | SELECT id, name FROM public.t WHERE a = 1",
                "CHECK (((a > 0) AND (b < 'x.y'::text))) | CHECK ((a > 0) AND (b < 'x.y'::text))",
                "\"T\".\"a b\" | \"a b\"",
                "s.t.c + 1.5 | c + 1.5",
            })
    void majorsMayPrintTheSameInTwoWays(String first, String second) {
        assertThat(Definition.same(first, second, false)).isTrue();
        assertThat(Definition.same(first, second, true)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a > 1", "b > 0", "a >= 0", "a > 0 OR b", "a > '0'", "a > 0.0"})
    void anotherWordValueOrOperatorIsAnotherDefinition(String other) {
        assertThat(Definition.same("a > 0", other, false)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {"'(a)' | 'a'", "'t.a' | 'a'", "\"t.a\" | \"a\"", "'a b' | 'ab'", "E'\\'(' | E'\\''"})
    void insideStringsAndNamesEverythingCounts(String first, String second) {
        assertThat(Definition.same(first, second, false)).isFalse();
    }
}
