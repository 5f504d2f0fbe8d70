package org.pgmigrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgmigrator.cli.LauncherHouse.Result;
import org.pgmigrator.cli.LauncherHouse.Running;

/// The script `pg-migrator` at the root: which Java it finds, when it builds, and what it becomes.
class LauncherIT {

    @TempDir
    private Path folder;

    private LauncherHouse house;

    @BeforeEach
    void makeHouse() throws IOException {
        house = new LauncherHouse(folder.toRealPath());
    }

    @Test
    void withoutAnyJavaItSaysWhereItLookedAndHowToGetOne() throws InterruptedException {
        house.alreadyBuilt();

        Result result = house.run("migrate");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .startsWith("error JAVA_NOT_FOUND: ")
                .contains("JAVA_HOME: not set", "PATH: no java on it", "jdks: no Java in it", "apt install openjdk-25");
    }

    @Test
    void anOlderJavaAloneIsNamedAndRefused() throws InterruptedException {
        house.alreadyBuilt();
        house.defaultJava(house.jdk("17.0.15"));

        Result result = house.run();

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err()).contains("PATH: ", "is Java 17.0.15, too old");
    }

    @Test
    void anOlderDefaultJavaDoesNotHideANewerOne() throws InterruptedException {
        house.alreadyBuilt();
        house.defaultJava(house.jdk("17.0.15"));
        house.jdk("25.0.3");

        Result result = house.run("check", "--json", "two words");

        assertThat(result.err()).isEmpty();
        assertThat(result.out())
                .startsWith("java=25.0.3 ")
                .endsWith("org.pgmigrator.cli.Main check --json two words\n");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void aJavaHomeThatIsOldOrGoneIsPassedOver() throws InterruptedException {
        house.alreadyBuilt();
        Path old = house.jdkAt(folder.resolve("old"), "1.8.0_412");
        house.jdk("26");

        assertThat(house.with("JAVA_HOME", old).run().out()).startsWith("java=26 ");
        assertThat(house.with("JAVA_HOME", "/nowhere").run().out()).startsWith("java=26 ");
    }

    @Test
    void javaHomeComesBeforeTheUsualFolders() throws InterruptedException {
        house.alreadyBuilt();
        house.jdk("26");

        house.with("JAVA_HOME", house.jdkAt(folder.resolve("mine"), "25.0.1"));

        assertThat(house.run().out()).startsWith("java=25.0.1 ");
    }

    @Test
    void pgMigratorJavaIsTakenAsABinaryOrAsAFolder() throws InterruptedException {
        house.alreadyBuilt();
        house.jdk("26");
        Path mine = house.jdkAt(folder.resolve("my jdk"), "27-ea");

        assertThat(house.with("PG_MIGRATOR_JAVA", mine).run().out()).startsWith("java=27-ea ");
        assertThat(house.with("PG_MIGRATOR_JAVA", mine.resolve("bin/java"))
                        .run()
                        .out())
                .startsWith("java=27-ea ");
    }

    @Test
    void pgMigratorJavaThatWillNotDoIsRefusedRatherThanReplaced() throws InterruptedException {
        house.alreadyBuilt();
        house.jdk("26");

        Result old = house.with("PG_MIGRATOR_JAVA", house.jdkAt(folder.resolve("mine"), "21.0.7"))
                .run();
        assertThat(old.exitCode()).isEqualTo(2);
        assertThat(old.err()).startsWith("error JAVA_NOT_USABLE: ").contains("is Java 21.0.7, too old");

        Result missing = house.with("PG_MIGRATOR_JAVA", "/nowhere/java").run();
        assertThat(missing.exitCode()).isEqualTo(2);
        assertThat(missing.err()).contains("/nowhere/java is neither a JDK's folder nor a java binary");
    }

    @Test
    void aJavaWithoutAReleaseFileIsAskedForItsVersion() throws InterruptedException {
        house.alreadyBuilt();
        house.jdkWithoutReleaseFile(folder.resolve("jdks/a-21"), "21.0.7");
        house.jdkWithoutReleaseFile(folder.resolve("jdks/b-25"), "25");

        assertThat(house.run().out()).startsWith("java=25 ");
    }

    @Test
    void itStartsThroughSymbolicLinksFromAnyFolder() throws Exception {
        house.alreadyBuilt();
        house.jdk("25");
        Path relative = Files.createSymbolicLink(folder.resolve("relative"), Path.of("clone/pg-migrator"));
        Path link = Files.createSymbolicLink(folder.resolve("bin/pgm"), Path.of("../relative"));

        assertThat(house.start(relative).await().out()).contains(house.root() + "/cli/target/*:");
        assertThat(house.start(link).await().out()).contains(house.root() + "/cli/target/*:");
        assertThat(house.start(Path.of("sh"), "-c", "pgm status").await().out())
                .contains(house.root() + "/cli/target/*:")
                .endsWith("Main status\n");
    }

    @Test
    void aCleanCloneIsBuiltOnFirstUseWithTheJdkThatWasFound() throws InterruptedException {
        Path jdk = house.jdkAt(folder.resolve("elsewhere"), "25.0.3");
        house.with("PG_MIGRATOR_JAVA", jdk).mavenThatBuilds();

        Result first = house.run("demo");

        assertThat(first.exitCode()).isZero();
        assertThat(first.out()).startsWith("java=25.0.3 ").endsWith("Main demo\n");
        assertThat(first.err()).contains("building " + house.root(), "built in ");
        assertThat(house.buildsSoFar()).containsExactly("JAVA_HOME= JAVA25_HOME=" + jdk + " -B -Dquick package");

        assertThat(house.run("demo").err()).isEmpty();
        assertThat(house.buildsSoFar()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void twoThatStartAtOnceBuildOnce(boolean flockIsInstalled) throws Exception {
        if (!flockIsInstalled) {
            Files.delete(folder.resolve("bin/flock"));
        }
        house.jdk("25");
        house.maven("3.8.7", "sleep 2; " + LauncherHouse.succeed());

        List<Running> both = List.of(house.start(house.launcher()), house.start(house.launcher()));

        for (Running launcher : both) {
            assertThat(launcher.await().out()).startsWith("java=25 ");
        }
        assertThat(house.buildsSoFar()).hasSize(1);
    }

    @Test
    void changedSourcesAreBuiltAgainInACloneOnly() throws Exception {
        house.alreadyBuilt();
        house.jdk("25");
        house.mavenThatBuilds();
        house.changeSource();

        Files.delete(house.root().resolve(".git"));
        house.run();
        assertThat(house.buildsSoFar()).isEmpty();

        Files.createDirectory(house.root().resolve(".git"));
        house.run();
        assertThat(house.buildsSoFar()).hasSize(1);
    }

    @Test
    void noJarIsReplacedUnderAPgMigratorThatRuns() throws InterruptedException {
        house.jdk("25");
        house.mavenThatBuilds();
        Running running = house.with("LINGER", "30").start(house.launcher());
        await().atMost(Duration.ofSeconds(20)).until(() -> running.outSoFar().startsWith("java="));
        house.changeSource();

        Result second = house.with("LINGER", "").run("status");

        assertThat(second.err()).contains("is running from this build");
        assertThat(second.out()).endsWith("Main status\n");
        assertThat(house.buildsSoFar()).hasSize(1);
        running.process().descendants().forEach(ProcessHandle::destroyForcibly);
        running.process().destroyForcibly().waitFor();
        house.run();
        assertThat(house.buildsSoFar()).hasSize(2);
    }

    @Test
    void aFailedBuildShowsMavensErrorsAndWhereItsLogIs() throws InterruptedException {
        house.jdk("25");
        house.maven("3.9.11", "echo '[INFO] Scanning'; echo '[ERROR] Core.java:[3,1] no such thing'; exit 1");

        Result result = house.run();

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .contains("error BUILD_FAILED: ", "maven   [ERROR] Core.java:[3,1] no such thing")
                .contains("log     " + house.buildLog())
                .doesNotContain("Scanning");
    }

    @Test
    void aMissingOrOldMavenIsSaid() throws InterruptedException {
        house.jdk("25");
        Result missing = house.run();
        assertThat(missing.exitCode()).isEqualTo(2);
        assertThat(missing.err()).contains("error MAVEN_NOT_FOUND: ", "apt install maven");

        house.maven("3.6.3", LauncherHouse.succeed());
        Result old = house.run();
        assertThat(old.exitCode()).isEqualTo(2);
        assertThat(old.err()).contains("error MAVEN_TOO_OLD: ", "is Maven 3.6.3");
        assertThat(house.buildsSoFar()).isEmpty();
    }

    @Test
    void aMavenWhoseOwnJavaIsMissingOrOldRunsOnTheOneThatWasFound() throws InterruptedException {
        Path jdk = house.jdk("25");
        house.with("MAVEN_RUNS_ON", "11.0.27").mavenThatBuilds();

        assertThat(house.run().exitCode()).isZero();

        assertThat(house.buildsSoFar())
                .containsExactly("JAVA_HOME=" + jdk + " JAVA25_HOME=" + jdk + " -B -Dquick package");
    }

    @Test
    void aRuntimeWithoutCompilerRunsButDoesNotBuild() throws Exception {
        Path runtime = house.jdk("25");
        Files.delete(runtime.resolve("bin/javac"));
        house.mavenThatBuilds();

        Result unbuilt = house.run();
        assertThat(unbuilt.exitCode()).isEqualTo(2);
        assertThat(unbuilt.err()).contains("has no compiler (javac)");

        house.alreadyBuilt();
        assertThat(house.run().out()).startsWith("java=25 ");
    }

    @Test
    void theLauncherBecomesJavaSoThatSignalsReachIt() throws Exception {
        compileMain("System.out.println(ProcessHandle.current().pid()); Thread.sleep(60_000);");

        Running running = house.start(house.launcher());
        await().atMost(Duration.ofSeconds(20)).until(() -> running.outSoFar().endsWith("\n"));

        assertThat(running.outSoFar().strip())
                .isEqualTo(Long.toString(running.process().pid()));
        running.process().destroy();
        assertThat(running.await().exitCode()).isEqualTo(143);
    }

    @Test
    void namesOfAnyAlphabetReachTheProgramWithoutALocale() throws Exception {
        compileMain("System.out.write(arguments[0].getBytes(java.nio.charset.StandardCharsets.UTF_8));"
                + " System.out.flush();");

        // The name is spelt in octal: the JVM of this test may have no locale either.
        Running launcher =
                house.start(Path.of("sh"), "-c", "exec clone/pg-migrator \"$(printf 'gr\\303\\266\\303\\237e')\"");

        assertThat(launcher.await().out()).isEqualTo("größe");
    }

    @Test
    void outOfMemoryIsNeverMistakenForARefusedCheck() throws Exception {
        compileMain("java.util.List<byte[]> all = new java.util.ArrayList<>();"
                + " while (true) { all.add(new byte[1_000_000]); }");

        Result result = house.with("PG_MIGRATOR_HEAP", "16m").run();

        assertThat(result.exitCode()).isEqualTo(137);
        assertThat(result.out() + result.err()).contains("java.lang.OutOfMemoryError");
    }

    /// Compiles a `Main` with this body into the house and lets the launcher find the Java that runs this test.
    private void compileMain(String body) throws IOException {
        house.alreadyBuilt();
        house.with("PG_MIGRATOR_JAVA", Path.of(System.getProperty("java.home")));
        Path source = Files.createDirectories(folder.resolve("stub")).resolve("Main.java");
        Files.writeString(
                source,
                "package org.pgmigrator.cli; public class Main { public static void main(String[] arguments)"
                        + " throws Exception { " + body + " } }");
        Path classes = folder.resolve("classes");
        int status = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler(), "the tests run on a JDK")
                .run(null, null, null, "-d", classes.toString(), source.toString());
        assertThat(status).isZero();
        try (JarOutputStream jar =
                new JarOutputStream(Files.newOutputStream(house.root().resolve("cli/target/stub.jar")))) {
            jar.putNextEntry(new ZipEntry("org/pgmigrator/cli/Main.class"));
            Files.copy(classes.resolve("org/pgmigrator/cli/Main.class"), jar);
            jar.closeEntry();
        }
    }
}
