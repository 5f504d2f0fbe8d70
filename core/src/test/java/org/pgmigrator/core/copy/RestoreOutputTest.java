package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.pgmigrator.core.copy.RestoreOutput.Outcome;

class RestoreOutputTest {

    private static final TableOfContents CONTENTS = TableOfContents.parse(List.of(
            "7; 2615 16385 SCHEMA - app postgres",
            "225; 1259 16557 TABLE public part1 postgres",
            "226; 1259 16558 TABLE ABC orders postgres",
            "3408; 0 16531 TABLE DATA app b postgres",
            "3410; 0 16557 TABLE DATA public part1 postgres",
            "3422; 0 0 SEQUENCE SET app s postgres",
            "3254; 2606 16561 CONSTRAINT public part1 part1_pkey postgres",
            "3256; 2606 16547 FK CONSTRAINT public ch ch_tid_fkey postgres"));

    private final List<Integer> begun = new ArrayList<>();
    private final List<Integer> finished = new ArrayList<>();

    @Test
    void collectsEachErrorWithItsObject() {
        Outcome outcome = read(false, 1, """
                pg_restore: connecting to database for restore
                pg_restore: creating SCHEMA "app"
                pg_restore: while PROCESSING TOC:
                pg_restore: from TOC entry 7; 2615 16385 SCHEMA app postgres
                pg_restore: error: could not execute query: ERROR:  schema "app" already exists
                Command was: CREATE SCHEMA app;


                pg_restore: creating TABLE "public.part1"
                pg_restore: from TOC entry 225; 1259 16557 TABLE part1 postgres
                pg_restore: error: could not execute query: ERROR:  relation "part1" already exists
                HINT:  Look twice.
                Command was: CREATE TABLE public.part1 (
                    id integer NOT NULL
                );


                pg_restore: warning: errors ignored on restore: 2
                """);

        assertThat(outcome.errors())
                .extracting(RestoreError::toString)
                .containsExactly(
                        "SCHEMA - app: ERROR: schema \"app\" already exists",
                        "TABLE public part1: ERROR: relation \"part1\" already exists HINT: Look twice.");
        assertThat(outcome.reachedEnd()).isTrue();
        assertThat(outcome.complete()).isTrue();
    }

    @Test
    void neverKeepsTheValuesOfARow() {
        Outcome outcome = read(false, 1, """
                pg_restore: processing data for table "public.part1"
                pg_restore: from TOC entry 3410; 0 16557 TABLE DATA part1 postgres
                pg_restore: error: COPY failed for table "part1": ERROR:  new row violates check constraint "c"
                DETAIL:  Failing row contains (1, secret).
                CONTEXT:  COPY part1, line 1: "1 secret"
                pg_restore: creating CONSTRAINT "public.part1 part1_pkey"
                pg_restore: error: could not execute query: ERROR:  could not create unique index "part1_pkey"
                DETAIL:  Key (email)=(secret@example.org) is duplicated.
                Command was: ALTER TABLE ONLY public.part1 ADD CONSTRAINT part1_pkey PRIMARY KEY (email);
                pg_restore: warning: errors ignored on restore: 2
                """);

        assertThat(outcome.errors())
                .hasSize(2)
                .noneMatch(error -> error.toString().contains("secret"));
    }

    @Test
    void countsAnErrorWhoseLineWasMixedWithAnotherWorkers() {
        Outcome outcome = read(true, 1, """
                pg_restore: launching item 3254 CONSTRAINT part1 part1_pkey
                pg_restore:pg_restore:  error: finished item 3422 SEQUENCE SET s
                could not execute query: ERROR:  column "id" does not exist
                Command was: ALTER TABLE ONLY public.part1
                    ADD CONSTRAINT part1_pkey PRIMARY KEY (id, d);
                pg_restore: finished item 3254 CONSTRAINT part1 part1_pkey
                pg_restore: warning: errors ignored on restore: 2
                """);

        assertThat(outcome.errors())
                .extracting(RestoreError::message)
                .containsExactly("ERROR: column \"id\" does not exist");
        assertThat(outcome.complete()).isTrue();
    }

    @Test
    void readsTwoErrorsWhoseBeginningsWereMixed() {
        Outcome outcome = read(true, 1, """
                pg_restore: pg_restore: error: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"
                Command was: Command was: SET transaction_timeout = 0;
                could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"
                SET transaction_timeout = 0;
                pg_restore: error: pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"
                Command was: SET transaction_timeout = 0;
                pg_restore: warning: errors ignored on restore: 4
                """);

        assertThat(outcome.errors())
                .hasSize(2)
                .allMatch(error -> error.harmless().isPresent())
                .extracting(RestoreError::message)
                .containsOnly("ERROR: unrecognized configuration parameter \"transaction_timeout\"");
        assertThat(outcome.complete()).isTrue();
    }

    @Test
    void doesNotTrustAnExitCodeThatTheErrorsDoNotExplain() {
        assertThat(read(false, 1, "pg_restore: creating SCHEMA \"app\"").complete())
                .isFalse();
        assertThat(read(false, 1, "pg_restore: warning: errors ignored on restore: 1")
                        .complete())
                .isFalse();
        assertThat(read(false, 0, "pg_restore: creating SCHEMA \"app\"").complete())
                .isTrue();
    }

    @Test
    void tellsAnAbortedRestoreFromOneThatWentOn() {
        Outcome outcome = read(true, 1, "pg_restore: error: a worker process died unexpectedly");

        assertThat(outcome.reachedEnd()).isFalse();
        assertThat(outcome.errors()).hasSize(1);
    }

    @Test
    void followsTheItemsOfParallelWorkersByTheirNumbers() {
        read(true, 0, """
                pg_restore: processing item 7 SCHEMA app
                pg_restore: skipping item 3254 CONSTRAINT part1 part1_pkey
                pg_restore: launching item 3408 TABLE DATA b
                pg_restore: launching item 3410 TABLE DATA part1
                pg_restore: processing data for table "public.part1"
                pg_restore:pg_restore:  finished item 3410 TABLE DATA part1
                processing data for table "app.b"
                pg_restore: finished item 3408 TABLE DATA b
                """);

        assertThat(begun).containsExactly(3408, 3410);
        assertThat(finished).containsExactly(3410, 3408);
    }

    @Test
    void followsTheItemsOfASingleWorkerByTheirOrder() {
        read(false, 0, """
                pg_restore: creating TABLE "public.part1"
                pg_restore: creating TABLE "ABC.orders"
                pg_restore: processing data for table "app.b"
                pg_restore: processing data for table "public.part1"
                pg_restore: executing SEQUENCE SET s
                pg_restore: creating CONSTRAINT "public.part1 part1_pkey"
                pg_restore: creating FK CONSTRAINT "public.ch ch_tid_fkey"
                """);

        assertThat(begun).containsExactly(225, 226, 3408, 3410, 3422, 3254, 3256);
        assertThat(finished).isEqualTo(begun);
    }

    private Outcome read(boolean parallel, int exit, String text) {
        RestoreOutput output = new RestoreOutput(
                CONTENTS, parallel, entry -> begun.add(entry.dumpId()), entry -> finished.add(entry.dumpId()));
        text.lines().forEach(output::line);
        return output.outcome(exit);
    }
}
