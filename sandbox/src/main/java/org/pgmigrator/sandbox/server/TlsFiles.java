package org.pgmigrator.sandbox.server;

import java.nio.file.Path;

/// What a server with TLS needs, as PEM files. They are copied; the originals may go after the start.
///
/// @param certificate the server's certificate chain
/// @param key the unencrypted private key
public record TlsFiles(Path certificate, Path key) {}
