package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/// Makes a data directory by initdb, with a system identifier of its own, and configures it.
///
/// initdb takes half a second. A copy of a prepared directory would hardly be faster, and all servers would claim to be
/// the same one, which a migration must notice and refuse.
record DataDirectory(ServerBinaries binaries, ServerAccount account, InstanceDirectory directory) {

    void create(ServerSpec spec, String superuser) throws IOException {
        Path data = directory.data();
        Files.createDirectory(data);
        if (spec.ownDisk()) {
            OwnDisk.mount(data);
        }
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwx------"));
        account.own(data);
        Path password = directory.path().resolve("password");
        writePrivately(password, spec.password() + "\n");
        try {
            initialize(superuser, password);
        } finally {
            Files.delete(password);
        }
        configure(spec);
    }

    private void initialize(String superuser, Path password) {
        ProcessBuilder builder = new ProcessBuilder(account.command(List.of(
                        binaries.program("initdb").toString(),
                        "--pgdata=" + directory.data(),
                        "--username=" + superuser,
                        "--encoding=UTF8",
                        "--locale=C",
                        "--auth=scram-sha-256",
                        "--pwfile=" + password,
                        "--no-sync",
                        "--no-instructions")))
                .directory(directory.path().toFile());
        Postmaster.cleanEnvironment(builder);
        ProcessOutput output = ProcessOutput.of(builder);
        if (!output.isSuccess()) {
            throw new SandboxException("initdb of " + binaries.folder() + " failed:\n" + output.text());
        }
    }

    private void configure(ServerSpec spec) throws IOException {
        List<String> lines =
                new ArrayList<>(List.of("", "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''"));
        if (spec.tls().isPresent()) {
            writePrivately(
                    directory.data().resolve("server.crt"),
                    Files.readString(spec.tls().get().certificate()));
            writePrivately(
                    directory.data().resolve("server.key"),
                    Files.readString(spec.tls().get().key()));
            lines.add("ssl = 'on'");
        }
        spec.settings().forEach((name, value) -> lines.add(name + " = '" + value.replace("'", "''") + "'"));
        Files.write(directory.data().resolve("postgresql.conf"), lines, StandardOpenOption.APPEND);
        if (!spec.hostBasedAuthentication().isEmpty()) {
            Files.write(
                    directory.data().resolve("pg_hba.conf"),
                    spec.hostBasedAuthentication(),
                    StandardOpenOption.TRUNCATE_EXISTING);
        }
    }

    private void writePrivately(Path file, String text) throws IOException {
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, text);
        account.own(file);
    }
}
