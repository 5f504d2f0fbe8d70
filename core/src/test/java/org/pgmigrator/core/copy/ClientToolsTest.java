package org.pgmigrator.core.copy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgmigrator.core.copy.ClientTools.Choice;

class ClientToolsTest {

    private static final List<ClientTools> FROM_14_TO_18 = List.of(
            client(14, "14.24"), client(15, "15.18"), client(16, "16.15"), client(17, "17.11"), client(18, "18.6"));

    @TempDir
    Path folder;

    @Test
    void takesTheOldestThatTheSourceAccepts() {
        assertThat(chosen(15, 17, FROM_14_TO_18).tools().major()).isEqualTo(15);
        assertThat(chosen(17, 15, FROM_14_TO_18).tools().major()).isEqualTo(17);
    }

    @Test
    void takesANewerOneWhereThereIsNoBetterAndWarnsOfWhatTheTargetDoesNotKnow() {
        Choice.Chosen chosen = chosen(15, 16, List.of(client(14, "14.24"), client(18, "18.6")));

        assertThat(chosen.tools().major()).isEqualTo(18);
        assertThat(chosen.caution())
                .hasValueSatisfying(text -> assertThat(text).contains("18.6", "transaction_timeout", "16"));
        assertThat(chosen(15, 17, List.of(client(18, "18.6"))).caution()).isEmpty();
    }

    @Test
    void takesTheNewestMinorOfTheChosenMajor() {
        List<ClientTools> several = List.of(client(17, "17.2"), client(17, "17.11"), client(17, "17beta1"));

        assertThat(chosen(16, 18, several).tools().version()).isEqualTo("17.11");
    }

    @Test
    void tellsWhatWasFoundAndWhatIsNeededWhenNoneFits() {
        Choice choice = ClientTools.choose(17, 18, Optional.empty(), List.of(client(15, "15.18")));

        assertThat(choice).isInstanceOfSatisfying(Choice.NoneFits.class, none -> {
            assertThat(none.what()).contains("version 17 to 18");
            assertThat(none.why()).contains("15.18 in /clients/15/bin");
            assertThat(none.remedy()).anyMatch(step -> step.contains("postgresql-client-17"));
        });
    }

    @Test
    void asksEachInstalledToolForItsVersion() throws Exception {
        Path debian = install("debian", "echo 'pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'");
        Path beta = install("beta", "echo 'pg_dump (PostgreSQL) 18beta1'");
        Path broken = install("broken", "echo 'no such library' >&2; exit 127");
        Map<String, String> environment =
                Map.of("PG_MIGRATOR_CLIENTS", beta + ":" + broken, "PATH", debian + "::/nonexistent:" + debian);

        List<ClientTools> installed = ClientTools.installed(Optional.empty(), environment);

        assertThat(installed).contains(new ClientTools(debian, 15, "15.18"), new ClientTools(beta, 18, "18beta1"));
        assertThat(installed).noneMatch(client -> client.folder().equals(broken));
        assertThat(installed)
                .filteredOn(client -> client.folder().equals(debian))
                .hasSize(1);
    }

    @Test
    void looksNowhereElseWhenAFolderIsGiven() throws Exception {
        Path given = install("given", "echo 'pg_dump (PostgreSQL) 16.4'");

        assertThat(ClientTools.installed(Optional.of(given), System.getenv()))
                .containsExactly(new ClientTools(given, 16, "16.4"));
        assertThat(ClientTools.installed(Optional.of(folder), System.getenv())).isEmpty();
    }

    @Test
    void passesOverAScriptThatPicksAnotherVersionForEachServer() throws Exception {
        Path scripts = install("scripts", "echo 'pg_dump (PostgreSQL) 16.4'");
        Path wrapper = Files.move(scripts.resolve("pg_dump"), scripts.resolve("pg_wrapper"));
        Files.createSymbolicLink(scripts.resolve("pg_dump"), wrapper);

        assertThat(ClientTools.installed(Optional.empty(), Map.of("PATH", scripts.toString())))
                .noneMatch(client -> client.folder().equals(scripts));
    }

    private Path install(String name, String script) throws IOException {
        Path bin = Files.createDirectories(folder.resolve(name).resolve("bin"));
        for (String tool : List.of("pg_dump", "pg_restore")) {
            Path file = Files.writeString(bin.resolve(tool), "#!/bin/sh\n" + script + "\n");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        return bin;
    }

    private static Choice.Chosen chosen(int sourceMajor, int targetMajor, List<ClientTools> installed) {
        return (Choice.Chosen) ClientTools.choose(sourceMajor, targetMajor, Optional.empty(), installed);
    }

    private static ClientTools client(int major, String version) {
        return new ClientTools(Path.of("/clients/" + major + "/bin"), major, version);
    }
}
