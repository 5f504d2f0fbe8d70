package org.pgmigrator.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A folder that looks to the launcher like a clone on some machine: its own PATH, home, JDKs and Maven.
///
/// The JDKs and the Maven in it are shell scripts that say what they were asked: which of them the launcher picks, and
/// what it does when one fails, is what is tested here.
final class LauncherHouse {

    private static final List<String> TOOLS = List.of(
            "sh",
            "sed",
            "head",
            "tail",
            "find",
            "date",
            "sleep",
            "mkdir",
            "rm",
            "touch",
            "cut",
            "grep",
            "awk",
            "readlink",
            "flock",
            "cat");

    private final Path folder;
    private final Path root;
    private final Map<String, String> environment = new LinkedHashMap<>();

    LauncherHouse(Path folder) {
        this.folder = folder;
        this.root = folder.resolve("clone");
        try {
            Files.createDirectories(root.resolve("core/src/main/java"));
            Files.createDirectories(root.resolve(".git"));
            Files.createDirectories(folder.resolve("bin"));
            Files.createDirectories(folder.resolve("jdks"));
            Files.writeString(root.resolve("pom.xml"), "<project/>");
            Files.writeString(root.resolve("core/src/main/java/Source.java"), "class Source {}");
            Files.copy(Path.of("..", "pg-migrator").toAbsolutePath().normalize(), launcher());
            Files.setPosixFilePermissions(launcher(), PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        for (String tool : TOOLS) {
            script(folder.resolve("bin").resolve(tool), "PATH=/usr/bin:/bin exec %s \"$@\"%n".formatted(tool));
        }
        environment.put("PATH", folder.resolve("bin").toString());
        environment.put("HOME", folder.toString());
        environment.put("MAVEN_RUNS_ON", "17.0.15");
        environment.put("PG_MIGRATOR_JDK_FOLDERS", folder.resolve("jdks").toString());
    }

    Path root() {
        return root;
    }

    Path launcher() {
        return root.resolve("pg-migrator");
    }

    Path buildLog() {
        return root.resolve("target/launcher-build.log");
    }

    LauncherHouse with(String variable, Path value) {
        return with(variable, value.toString());
    }

    LauncherHouse with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    /// A JDK among those that the launcher searches.
    Path jdk(String version) {
        return jdkAt(folder.resolve("jdks").resolve("jdk-" + version), version);
    }

    /// A JDK at a place of its own.
    Path jdkAt(Path home, String version) {
        write(home.resolve("release"), "IMPLEMENTOR=\"House\"\nJAVA_VERSION=\"" + version + "\"\n");
        return jdkWithoutReleaseFile(home, version);
    }

    Path jdkWithoutReleaseFile(Path home, String version) {
        script(home.resolve("bin/java"), """
                if [ "$1" = -version ]; then echo 'openjdk version "%1$s" 2025-09-16' >&2; exit; fi
                echo "java=%1$s pid=$$ args=$*"
                if [ -n "$LINGER" ]; then sleep "$LINGER"; fi
                """.formatted(version));
        script(home.resolve("bin/javac"), "exit 0\n");
        return home;
    }

    /// Puts a JDK's java first on PATH, by a symbolic link as distributions do.
    void defaultJava(Path home) {
        try {
            Files.createSymbolicLink(folder.resolve("bin/java"), home.resolve("bin/java"));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// A Maven that answers `-v`, and otherwise runs these lines in the clone. Each build adds a line to `builds`.
    void maven(String version, String build) {
        script(folder.resolve("bin/mvn"), """
                case "$*" in *-v)
                  echo 'Apache Maven %s (House)'
                  case $JAVA_HOME in '') echo "Java version: $MAVEN_RUNS_ON";; *) echo 'Java version: 25.0.3';; esac
                  exit
                esac
                echo "JAVA_HOME=$JAVA_HOME JAVA25_HOME=$JAVA25_HOME $*" >>%s
                %s
                """.formatted(version, builds(), build));
    }

    void mavenThatBuilds() {
        maven("3.8.7", succeed());
    }

    static String succeed() {
        return "mkdir -p cli/target/lib; echo built >cli/target/built.txt";
    }

    private Path builds() {
        return folder.resolve("builds");
    }

    List<String> buildsSoFar() {
        try {
            return Files.exists(builds()) ? Files.readAllLines(builds()) : List.of();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// As if it had been built before, later than every source.
    void alreadyBuilt() {
        write(root.resolve("cli/target/lib/some.jar"), "");
        write(root.resolve("cli/target/built.txt"), "built");
    }

    void changeSource() {
        try {
            Path source = root.resolve("core/src/main/java/Source.java");
            Path stamp = root.resolve("cli/target/built.txt");
            Files.setLastModifiedTime(
                    source, FileTime.fromMillis(Files.getLastModifiedTime(stamp).toMillis() + 1000));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    Running start(Path command, String... arguments) {
        List<String> line = new ArrayList<>(List.of(command.toString()));
        line.addAll(List.of(arguments));
        try {
            Path out = Files.createTempFile(folder, "out", ".txt");
            Path err = Files.createTempFile(folder, "err", ".txt");
            ProcessBuilder builder = new ProcessBuilder(line)
                    .directory(folder.toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            builder.environment().clear();
            builder.environment().putAll(environment);
            return new Running(builder.start(), out, err);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    Result run(String... arguments) throws InterruptedException {
        return start(launcher(), arguments).await();
    }

    private static void script(Path file, String lines) {
        write(file, "#!/bin/sh\n" + lines);
        try {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static void write(Path file, String content) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, content);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// A launcher that was started.
    record Running(Process process, Path out, Path err) {

        String outSoFar() {
            try {
                return Files.readString(out, StandardCharsets.UTF_8);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }

        Result await() throws InterruptedException {
            if (!process.waitFor(300, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("the launcher did not end within 300 s");
            }
            try {
                return new Result(process.exitValue(), outSoFar(), Files.readString(err, StandardCharsets.UTF_8));
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }

    /// How a launcher ended.
    record Result(int exitCode, String out, String err) {}
}
