package org.pgmigrator.sandbox.capture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import java.util.StringJoiner;
import org.pgmigrator.sandbox.server.EmbeddedServer;
import org.pgmigrator.sandbox.server.PostgresServer;
import org.pgmigrator.sandbox.server.ServerSpec;

/// Captures the decoder's fixtures anew, from servers that it starts: `<major>/<scenario>.hex`, a message a line.
///
/// Each run gives other OIDs, xids, positions and times, and the same messages otherwise. From the root of the project,
/// with a JDK 25:
///
/// ```
/// mvn -q -Dquick -pl sandbox compile dependency:build-classpath -Dmdep.outputFile=target/classpath
/// java -cp sandbox/target/classes:$(cat sandbox/target/classpath) \
///     org.pgmigrator.sandbox.capture.CaptureFixtures decoder/src/test/resources/org/pgmigrator/decoder/fixtures
/// ```
public final class CaptureFixtures {

    private static final List<Integer> MAJORS = List.of(14, 15, 16, 17, 18);

    private CaptureFixtures() {}

    /// Captures all scenarios of the chosen majors.
    ///
    /// @param args the folder to write to, then the majors if not all
    public static void main(String[] args) throws IOException, SQLException {
        if (args.length == 0) {
            throw new IllegalArgumentException("usage: CaptureFixtures <folder> [<major> ...]");
        }
        List<String> chosen = List.of(args).subList(1, args.length);
        for (int major : MAJORS) {
            if (chosen.isEmpty() || chosen.contains(Integer.toString(major))) {
                capture(major, Path.of(args[0], Integer.toString(major)));
            }
        }
    }

    private static void capture(int major, Path folder) throws IOException, SQLException {
        Files.createDirectories(folder);
        // The least that is allowed, so that little is enough to make the server stream.
        ServerSpec spec = ServerSpec.of(major).setting("logical_decoding_work_mem", "64kB");
        try (PostgresServer server = EmbeddedServer.start(spec)) {
            String version = server.value("postgres", "SHOW server_version");
            for (Scenario scenario : Scenarios.ALL) {
                if (major >= scenario.since()) {
                    List<byte[]> messages = Capture.of(scenario, server);
                    Files.writeString(folder.resolve(scenario.name() + ".hex"), file(scenario, version, messages));
                }
            }
        }
    }

    private static String file(Scenario scenario, String version, List<byte[]> messages) {
        StringJoiner file = new StringJoiner("\n", "", "\n");
        file.add("# PostgreSQL " + version + ", pgoutput " + scenario.sortedOptions());
        scenario.setup().lines().forEach(line -> file.add("# setup: " + line));
        scenario.workload().lines().forEach(line -> file.add("# " + line));
        messages.forEach(message -> file.add(HexFormat.of().formatHex(message)));
        return file.toString();
    }
}
