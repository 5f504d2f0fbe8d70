package org.pgmigrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The first start from a clone in which nothing was built: with this project's sources, the real Maven and a real JDK.
///
/// What the launcher expects of the build (the folder of libraries, the stamp, the main class) is what `cli/pom.xml`
/// makes, or this fails.
class CleanCloneIT {

    private static final Path PROJECT = Path.of("..").toAbsolutePath().normalize();

    @TempDir
    private Path folder;

    @Test
    void theFirstStartBuildsAndTheSecondDoesNot() throws Exception {
        Path clone = Files.createDirectory(folder.resolve("a clone"));
        copy(List.of("pg-migrator", "pom.xml", ".mvn"), clone);
        for (String module : List.of("decoder", "sandbox", "core", "cli")) {
            copy(List.of(module + "/pom.xml", module + "/src/main"), clone);
        }
        Files.createDirectory(clone.resolve(".git"));

        String first = start(clone);
        String second = start(clone);

        assertThat(first).contains("built in ").contains("pg-migrator 0.");
        assertThat(second).startsWith("pg-migrator 0.");
    }

    /// Runs `pg-migrator --version` in another folder; answers what it wrote to both outputs.
    private String start(Path clone) throws IOException, InterruptedException {
        Path output = Files.createTempFile(folder, "output", ".txt");
        ProcessBuilder builder = new ProcessBuilder(clone.resolve("pg-migrator").toString(), "--version")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        // The JVM of this test is told nothing that a person's shell would not know.
        builder.environment().keySet().removeIf(name -> name.startsWith("PG_MIGRATOR_") || name.startsWith("MAVEN_"));
        Process process = builder.start();
        assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(output)).isZero();
        return Files.readString(output);
    }

    private static void copy(List<String> paths, Path clone) throws IOException {
        for (String path : paths) {
            try (Stream<Path> files = Files.walk(PROJECT.resolve(path))) {
                files.filter(Files::isRegularFile).forEach(file -> copyFile(file, clone));
            }
        }
    }

    private static void copyFile(Path file, Path clone) {
        Path copy = clone.resolve(PROJECT.relativize(file).toString());
        try {
            Files.createDirectories(copy.getParent());
            Files.copy(file, copy);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
