package org.pgmigrator.bench.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A short selection of what is broken at random; `bench/faults` is the long one.
@Timeout(300)
class FaultSuiteIT {

    @TempDir
    private Path folder;

    /// This build's program: the launcher would build its own.
    private String launcher() throws Exception {
        Path script = folder.resolve("pg-migrator");
        Files.writeString(script, """
                #!/bin/sh
                exec '%s' -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m --enable-native-access=ALL-UNNAMED \\
                  -cp '%s' org.pgmigrator.cli.Main "$@"
                """.formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"), System.getProperty("java.class.path")));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script.toString();
    }

    @Test
    void whateverIsBrokenEveryRowComesOverOnce() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int exit = FaultSuite.execute(
                new PrintStream(bytes, true, StandardCharsets.UTF_8),
                "--migrator",
                launcher(),
                "--minutes=2",
                "--ballast=4",
                "--spool",
                "--strikes=kill=3,source-crash=1,target-crash=1,cut=2,end-session=2");

        String told = bytes.toString(StandardCharsets.UTF_8);
        assertThat(exit).as(told).isZero();
        assertThat(told).contains("9 strikes planned", "9 strikes, 0 differences", "| kill | 3 |");
    }

    @Test
    void whatItDoesNotKnowItCannotBreak() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        assertThat(FaultSuite.execute(out, "--migrator", "none", "--strikes=earthquake=1"))
                .isEqualTo(2);
    }
}
