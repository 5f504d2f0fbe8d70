package org.pgmigrator.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.pgmigrator.decoder.Fixtures.Fixture;

/// What holds for every message that was captured, and that nothing is missing among them.
class FixturesTest {

    @ParameterizedTest
    @MethodSource("fixtures")
    void everyMessageIsDecodedWithNothingLost(Fixture fixture) {
        List<byte[]> received = fixture.bytes();
        List<PgOutputMessage> messages = fixture.messages();

        assertThat(messages).isNotEmpty().hasSameSizeAs(received);
        for (int i = 0; i < received.size(); i++) {
            assertThat(PgOutputEncoder.encode(messages.get(i)))
                    .as("message %d, %s", i, messages.get(i))
                    .isEqualTo(received.get(i));
        }
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void fixturesComeFromTheServersTheyAreNamedAfter(Fixture fixture) {
        assertThat(fixture.comments().getFirst()).startsWith("PostgreSQL " + fixture.major() + ".");
    }

    @ParameterizedTest
    @CsvSource({"14, 16", "15, 18", "16, 19", "17, 19", "18, 19"})
    void allMajorsAreThere(int major, int scenarios) {
        assertThat(Fixtures.all().stream().filter(fixture -> fixture.major() == major))
                .hasSize(scenarios);
    }

    @Test
    void everyKindOfMessageWasCaptured() {
        Set<Class<?>> captured = Fixtures.all().stream()
                .flatMap(fixture -> fixture.messages().stream())
                .map(Object::getClass)
                .collect(Collectors.toSet());

        assertThat(captured).containsExactlyInAnyOrderElementsOf(records(PgOutputMessage.class));
    }

    private static List<Class<?>> records(Class<?> type) {
        if (type.isRecord()) {
            return List.of(type);
        }
        List<Class<?>> records = new ArrayList<>();
        for (Class<?> permitted : type.getPermittedSubclasses()) {
            records.addAll(records(permitted));
        }
        return records;
    }

    private static Stream<Fixture> fixtures() {
        return Fixtures.all().stream();
    }
}
