package org.pgmigrator.sandbox.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The operating system's user that servers run as: ourselves, or an unprivileged one when we are root, because
/// PostgreSQL refuses to run as root.
///
/// @param unprivileged the user to change to; empty to stay who we are
record ServerAccount(Optional<Ids> unprivileged) {

    /// Tried in this order: each owns nothing of value on usual systems.
    private static final List<String> CANDIDATES = List.of("nobody", "daemon", "postgres");

    record Ids(int uid, int gid) {}

    /// @param ownFile any file that this process has made
    static ServerAccount find(Path ownFile) {
        if (owner(ownFile) != 0) {
            return new ServerAccount(Optional.empty());
        }
        for (String name : CANDIDATES) {
            ProcessOutput uid = ProcessOutput.of(List.of("id", "-u", name));
            ProcessOutput gid = ProcessOutput.of(List.of("id", "-g", name));
            if (uid.isSuccess() && gid.isSuccess() && OnPath.has("setpriv")) {
                return new ServerAccount(Optional.of(new Ids(
                        Integer.parseUnsignedInt(uid.text().strip()),
                        Integer.parseUnsignedInt(gid.text().strip()))));
            }
        }
        throw new SandboxException("PostgreSQL does not run as root, and there is no way to another user: setpriv"
                + " (util-linux) and one of the users " + CANDIDATES
                + " are needed. Install util-linux, or run this as an ordinary user.");
    }

    /// The command in a session of its own, so that Ctrl+C in our terminal does not reach it, as this account; and told
    /// to stop (`SIGQUIT`, immediate shutdown, which cleans up) should the thread that started it die.
    List<String> command(List<String> command) {
        List<String> result = new ArrayList<>();
        if (OnPath.has("setsid")) {
            result.add("setsid");
        }
        if (unprivileged.isPresent() || OnPath.has("setpriv")) {
            result.add("setpriv");
            unprivileged.ifPresent(ids ->
                    result.addAll(List.of("--reuid", "" + ids.uid(), "--regid", "" + ids.gid(), "--clear-groups")));
            result.addAll(List.of("--pdeathsig", "QUIT", "--"));
        }
        result.addAll(command);
        return result;
    }

    /// Makes this account the owner of a file that we have made.
    void own(Path file) throws IOException {
        if (unprivileged.isPresent()) {
            Files.setAttribute(file, "unix:uid", unprivileged.get().uid());
            Files.setAttribute(file, "unix:gid", unprivileged.get().gid());
        }
    }

    /// The user that this process runs as, and that what it makes belongs to.
    static int ownUid() {
        try {
            Path probe = Files.createTempFile("pg-migrator", ".owner");
            try {
                return owner(probe);
            } finally {
                Files.delete(probe);
            }
        } catch (IOException e) {
            throw new SandboxException("cannot write to the temporary folder: " + e, e);
        }
    }

    static int owner(Path file) {
        try {
            return (Integer) Files.getAttribute(file, "unix:uid");
        } catch (IOException | UnsupportedOperationException e) {
            throw new SandboxException("cannot read the owner of " + file + ": " + e.getMessage(), e);
        }
    }
}
