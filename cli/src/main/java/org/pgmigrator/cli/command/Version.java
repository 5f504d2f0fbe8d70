package org.pgmigrator.cli.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/// The version of this build, and of what it runs on.
public final class Version implements IVersionProvider {

    @Override
    public String[] getVersion() {
        return new String[] {
            "pg-migrator " + ofThisBuild(), "Java " + Runtime.version() + " on " + System.getProperty("os.name")
        };
    }

    private static String ofThisBuild() {
        Properties properties = new Properties();
        try (InputStream stream = Version.class.getResourceAsStream("version.properties")) {
            if (stream != null) {
                properties.load(stream);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("version.properties can't be read from the class path", e);
        }
        return properties.getProperty("version", "unknown");
    }
}
