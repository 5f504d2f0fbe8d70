package org.pgmigrator.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What the sources of all modules keep to, read from the files themselves.
class HouseTest {

    private static final Pattern VAR = Pattern.compile("^\\s*(?:final\\s+|for\\s*\\(\\s*|try\\s*\\(\\s*)*var\\s+\\w+");
    private static final List<String> MODULES = List.of("decoder", "core", "cli", "sandbox");

    /// Tests run in the module's folder.
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    @Test
    void noVariableHidesItsType() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path source : sources()) {
            List<String> lines = Files.readAllLines(source);
            for (int i = 0; i < lines.size(); i++) {
                if (VAR.matcher(lines.get(i)).find()) {
                    found.add(ROOT.relativize(source) + ":" + (i + 1));
                }
            }
        }
        assertThat(found).as("write the type instead of var").isEmpty();
    }

    @Test
    void everyPackageIsNullMarked() throws IOException {
        List<Path> missing = new ArrayList<>();
        for (Path source : sources()) {
            Path description = source.resolveSibling("package-info.java");
            if (source.toString().contains("/src/main/")
                    && (!Files.exists(description)
                            || !Files.readString(description).contains("@NullMarked"))) {
                missing.add(ROOT.relativize(source.getParent()));
            }
        }
        assertThat(missing)
                .as("give the package a package-info.java with @NullMarked and what it owns")
                .isEmpty();
    }

    @Test
    void noPackageIsNamedForWhatHasNoPlace() throws IOException {
        List<Path> found = sources().stream()
                .map(Path::getParent)
                .filter(folder -> List.of("util", "utils", "common", "impl", "manager", "helper", "types")
                        .contains(folder.getFileName().toString()))
                .distinct()
                .toList();
        assertThat(found).as("name the package for the concept that it owns").isEmpty();
    }

    private static List<Path> sources() throws IOException {
        List<Path> result = new ArrayList<>();
        for (String module : MODULES) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src"))) {
                files.filter(path -> path.toString().endsWith(".java")).forEach(result::add);
            }
        }
        assertThat(result).as("sources under " + ROOT).hasSizeGreaterThan(20);
        return result;
    }
}
