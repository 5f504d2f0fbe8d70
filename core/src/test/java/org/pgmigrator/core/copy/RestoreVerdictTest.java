package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.copy.RestoreOutput.Outcome;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.core.progress.ProgressEvent;
import org.pgmigrator.core.progress.ProgressEvent.Notice;
import org.pgmigrator.core.progress.ProgressEvent.Warning;

class RestoreVerdictTest {

    private static final RestoreError EXISTS =
            new RestoreError("TABLE public t", "ERROR: relation \"t\" already exists", "CREATE TABLE public.t (");

    private final List<ProgressEvent> events = new ArrayList<>();

    @Test
    void letsOnlyTheListedErrorsPassAndTellsThemOnce() {
        List<RestoreError> harmless = List.of(
                new RestoreError(
                        "", "ERROR: Parameter »transaction_timeout« nicht erkannt", "SET transaction_timeout = 0;"),
                new RestoreError(
                        "TABLE DATA public t",
                        "error: Parameter »transaction_timeout« nicht erkannt",
                        "SET transaction_timeout = 0;"),
                new RestoreError(
                        "COMMENT - EXTENSION hstore", "ERROR: must be owner", "COMMENT ON EXTENSION hstore IS"),
                new RestoreError(
                        "SCHEMA - public", "ERROR: schema \"public\" already exists", "CREATE SCHEMA public;"));

        verdict(false).judge("pre-data", ended(harmless));

        assertThat(events).hasSize(3).allMatch(Notice.class::isInstance);
    }

    @Test
    void doesNotTakeASimilarErrorForAHarmlessOne() {
        for (RestoreError error : List.of(
                new RestoreError("", "ERROR: unrecognized configuration parameter \"x\"", "SET x = 0;"),
                new RestoreError("SCHEMA - app", "ERROR: schema \"app\" already exists", "CREATE SCHEMA app;"),
                new RestoreError("SCHEMA - public", "ERROR: permission denied for database t", "CREATE SCHEMA public;"),
                new RestoreError("EXTENSION - x", "ERROR: extension \"x\" is not available", "CREATE EXTENSION x"))) {
            assertThat(failureOf(false, ended(List.of(error))).kind()).isEqualTo(FailureKind.RESTORE_FAILED);
        }
    }

    @Test
    void aFullDiskIsNeverAllowedAndIsAKindOfItsOwn() {
        RestoreError full = new RestoreError(
                "INDEX public i",
                "ERROR: could not extend file \"base/16384/16480\": No space left on device HINT: Check free disk space.",
                "CREATE INDEX i");
        assertThat(failureOf(true, ended(List.of(EXISTS, full))))
                .satisfies(failure -> assertThat(failure.kind()).isEqualTo(FailureKind.TARGET_DISK_FULL))
                .satisfies(failure -> assertThat(failure.why()).contains("INDEX public i"));
    }

    @Test
    void listsTheFirstTwentyAndCountsTheRest() {
        List<RestoreError> many = IntStream.range(0, 25)
                .mapToObj(i -> new RestoreError("TABLE public t" + i, "ERROR: broken", "CREATE TABLE"))
                .toList();

        Failure failure = failureOf(false, ended(many));

        assertThat(failure.what()).contains("25 errors", "pre-data", "host:5432/t");
        assertThat(failure.why())
                .contains("TABLE public t19: ERROR: broken", "and 5 more")
                .doesNotContain("t20");
    }

    @Test
    void warnsWithTheListWhenErrorsAreAllowed() {
        verdict(true).judge("pre-data", ended(List.of(EXISTS)));

        assertThat(events)
                .singleElement()
                .isInstanceOfSatisfying(
                        Warning.class,
                        warning -> assertThat(warning.text())
                                .contains("TABLE public t: ERROR: relation \"t\" already exists"));
    }

    @Test
    void neverAllowsARestoreThatStoppedOrLostItsConnection() {
        Outcome stopped = new Outcome(List.of(EXISTS), false, true, 1);
        Outcome lost = ended(List.of(
                EXISTS,
                new RestoreError("", "server closed the connection unexpectedly", "COPY public.t (i) FROM stdin;")));

        assertThat(failureOf(true, stopped).kind()).isEqualTo(FailureKind.RESTORE_FAILED);
        assertThat(failureOf(true, lost).kind()).isEqualTo(FailureKind.TARGET_UNREACHABLE);
    }

    @Test
    void failsWhenTheExitCodeIsNotExplained() {
        assertThat(failureOf(false, new Outcome(List.of(), true, false, 1)).what())
                .contains("exit code 1");
        assertThatCode(() -> verdict(false).judge("data", new Outcome(List.of(), true, true, 0)))
                .doesNotThrowAnyException();
    }

    @Test
    void saysHowToGetRolesWhenOnlyRolesAreMissing() {
        RestoreError role = new RestoreError("TABLE public t", "ERROR: role \"app\" does not exist", "ALTER TABLE");

        assertThat(failureOf(false, ended(List.of(role))).remedy()).anyMatch(step -> step.contains("--no-owner"));
        assertThat(failureOf(false, ended(List.of(role, EXISTS))).remedy())
                .noneMatch(step -> step.contains("--no-owner"));
    }

    private RestoreVerdict verdict(boolean allow) {
        return new RestoreVerdict(allow, "host:5432/t as app", events::add);
    }

    private Failure failureOf(boolean allow, Outcome outcome) {
        MigrationException exception = catchThrowableOfType(
                MigrationException.class, () -> verdict(allow).judge("pre-data", outcome));
        assertThat(exception).isNotNull();
        return exception.failure();
    }

    private static Outcome ended(List<RestoreError> errors) {
        return new Outcome(errors, true, true, 1);
    }
}
