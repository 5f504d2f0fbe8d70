package org.pgmigrator.cli.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class LogFileTest {

    @TempDir
    private Path folder;

    @Test
    void ourOwnDebugLinesAreKeptAndThoseOfLibrariesAreNot() throws IOException {
        Path path = folder.resolve("a.log");
        try (LogFile log = LogFile.open(path)) {
            assertThat(log.refused()).isEmpty();
            LoggerFactory.getLogger("org.pgmigrator.core.stream").debug("received lsn={}", "0/1");
            LoggerFactory.getLogger("org.testcontainers").debug("noise");
            LoggerFactory.getLogger("org.testcontainers").info("a word");
        }

        assertThat(Files.readString(path))
                .contains("DEBUG", "received lsn=0/1", "a word")
                .doesNotContain("noise");
    }

    @Test
    void theDriversOwnLoggingGoesToTheFile() throws IOException {
        Path path = folder.resolve("b.log");
        try (LogFile log = LogFile.open(path)) {
            java.util.logging.Logger.getLogger("org.postgresql.Driver").log(Level.WARNING, "from the driver");
            assertThat(log.path()).isEqualTo(path);
        }

        assertThat(Files.readString(path)).contains("WARN", "from the driver");
    }

    @Test
    void noPasswordReachesTheFile() throws IOException {
        Path path = folder.resolve("c.log");
        try (LogFile log = LogFile.open(path)) {
            assertThat(log.path()).isEqualTo(path);
            LoggerFactory.getLogger("org.pgmigrator.x")
                    .error(
                            "cannot connect to {}",
                            "postgresql://u:geheim@h/db",
                            new IllegalStateException("host=h password=geheim"));
        }

        assertThat(Files.readString(path)).contains("cannot connect", "****").doesNotContain("geheim");
    }

    @Test
    void aFileThatCannotBeWrittenIsReplacedByATemporaryOne() throws IOException {
        Path wanted = folder.resolve("missing").resolve("d.log");
        try (LogFile log = LogFile.open(wanted)) {
            assertThat(log.refused()).contains(wanted);
            assertThat(log.path()).exists();
            Files.delete(log.path());
        }
    }

    @Test
    void aSecondRunAppends() throws IOException {
        Path path = folder.resolve("e.log");
        for (String run : new String[] {"first", "second"}) {
            try (LogFile log = LogFile.open(path)) {
                assertThat(log.path()).isEqualTo(path);
                LoggerFactory.getLogger("org.pgmigrator.x").info("run={}", run);
            }
        }

        assertThat(Files.readString(path)).contains("run=first", "run=second");
    }
}
