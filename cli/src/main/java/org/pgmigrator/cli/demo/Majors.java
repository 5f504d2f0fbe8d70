package org.pgmigrator.cli.demo;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.pgmigrator.core.copy.ClientTools;
import org.pgmigrator.core.error.Failure;
import org.pgmigrator.core.error.FailureKind;
import org.pgmigrator.core.error.MigrationException;
import org.pgmigrator.sandbox.server.Servers;

/// The majors of the demo's two servers.
record Majors(int source, int target) {

    private static final int NEWEST = Servers.MAJORS.getLast();

    /// Two steps up, as most upgrades are; one at the end of what there is.
    private static final int USUAL_TARGET = NEWEST - 1;

    /// Chooses a pair that the installed pg_dump can serve, as far as it was not wished for.
    ///
    /// @throws MigrationException if there is no such pair; its failure says what to install
    static Majors choose(OptionalInt wishedSource, OptionalInt wishedTarget, Map<String, String> environment)
            throws InterruptedException {
        List<Integer> clients = ClientTools.installed(Optional.empty(), environment).stream()
                .map(ClientTools::major)
                .toList();
        int source = wishedSource.orElse(usualSource(clients));
        int target = wishedTarget.orElse(Math.max(usualTarget(source), source));
        switch (ClientTools.choose(source, target, Optional.empty(), environment)) {
            case ClientTools.Choice.Chosen ignored -> {
                return new Majors(source, target);
            }
            case ClientTools.Choice.NoneFits none ->
                throw new MigrationException(new Failure(
                        FailureKind.CHECK_REFUSED,
                        none.what(),
                        none.why(),
                        "nothing was started",
                        none.remedy().stream()
                                .filter(step -> !step.contains("--pg-bindir"))
                                .toList()));
        }
    }

    /// The newest major that some pg_dump can read and that still has a newer one above it.
    private static int usualSource(List<Integer> clients) {
        return clients.stream()
                .mapToInt(major -> Math.min(major, USUAL_TARGET))
                .filter(Servers.MAJORS::contains)
                .max()
                .orElse(Servers.MAJORS.getFirst());
    }

    private static int usualTarget(int source) {
        return source < USUAL_TARGET ? USUAL_TARGET : NEWEST;
    }
}
