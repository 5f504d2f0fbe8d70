package org.pgmigrator.core.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.config.SpoolConfig;
import org.pgmigrator.core.progress.ProgressEvent.Finding;
import org.pgmigrator.core.progress.ProgressEvent.Finding.Severity;

/// What the checks say of the spool's folder, which they leave as it is.
class SpoolCheckTest {

    @TempDir
    private Path folder;

    private static List<Finding> look(Path path, boolean resume) {
        Findings found = new Findings(SpoolCheck.NAME);
        SpoolCheck.look(new SpoolConfig(path, 1L << 50), resume, found);
        assertThat(found.isEmpty()).isFalse();
        return found.all();
    }

    private static Finding one(Path path, boolean resume, Severity severity) {
        List<Finding> found = look(path, resume);
        assertThat(found).hasSize(1);
        assertThat(found.getFirst().severity()).isEqualTo(severity);
        assertThat(found.getFirst().check()).isEqualTo("spool");
        return found.getFirst();
    }

    @Test
    void aFolderThatIsToBeMadeIsNotMade() throws Exception {
        Path spool = folder.resolve("a/b");
        assumeThat(Files.getFileStore(folder).type()).isNotEqualTo("tmpfs");
        assumeThat(Files.getFileStore(folder).getUsableSpace()).isGreaterThan(2L << 30);
        assertThat(one(spool, false, Severity.OK).what())
                .contains(
                        spool + " can be written",
                        "free on",
                        Files.getFileStore(folder).type())
                .contains("nearly full before that");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aFolderWithOtherFilesIsRefusedUnlessAMigrationGoesOn() throws Exception {
        Files.writeString(folder.resolve("letter.txt"), "dear");
        Files.writeString(folder.resolve("lock"), "1");
        assertThat(one(folder, false, Severity.ERROR).why())
                .contains("letter.txt")
                .doesNotContain("lock");
        assertThat(look(folder, true)).noneMatch(finding -> finding.severity() == Severity.ERROR);
    }

    @Test
    void aFileInItsPlaceIsRefused() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThat(one(file, true, Severity.ERROR).why()).contains(file + " is a file");
        assertThat(one(file.resolve("below"), false, Severity.ERROR).why()).contains(file + " is a file");
    }

    /// Where this user may mount one.
    @Test
    void memoryAndLittleRoomAreWarnedOfAndWhatCannotBeWrittenIsRefused() throws Exception {
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder.toString()))
                .isZero();
        try {
            List<Finding> found = look(folder.resolve("spool"), false);
            assertThat(found).hasSize(2).allMatch(finding -> finding.severity() == Severity.WARNING);
            assertThat(found.getFirst().what()).contains("is on tmpfs");
            assertThat(found.getFirst().why()).contains("restart of this machine loses it");
            assertThat(found.getLast().what()).contains("little room: 2.0 MB free on tmpfs");
            assertThat(run("mount", "-o", "remount,ro", folder.toString())).isZero();
            assertThat(one(folder.resolve("spool"), false, Severity.ERROR).why())
                    .contains("may not make files in " + folder);
        } finally {
            assertThat(run("umount", folder.toString())).isZero();
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }
}
