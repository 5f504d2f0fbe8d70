package org.pgmigrator.cli.log;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.logging.LogManager;
import org.slf4j.ILoggerFactory;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/// The open log file: our packages at DEBUG, all others at INFO, `java.util.logging` (pgjdbc) included.
///
/// Appends to what is there. One at a time in a process, because logging is global.
public final class LogFile implements AutoCloseable {

    /// Where the log goes unless told otherwise: beside the operator, who will look for it there.
    public static final Path DEFAULT = Path.of("pg-migrator.log");

    private static final String LINE = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level [%thread] %logger{30} - %msg%n%ex";

    private final LoggerContext context;
    private final Path path;
    private final Optional<Path> refused;

    private LogFile(LoggerContext context, Path path, Optional<Path> refused) {
        this.context = context;
        this.path = path;
        this.refused = refused;
    }

    /// Opens `wanted`, or a file in the folder for temporary files if it can't be written.
    public static LogFile open(Path wanted) {
        Path path = isWritable(wanted) ? wanted : temporary();
        ILoggerFactory factory = LoggerFactory.getILoggerFactory();
        if (!(factory instanceof LoggerContext context)) {
            throw new IllegalStateException("another logging library than Logback is on the class path: " + factory);
        }
        context.reset();
        context.getLogger("ROOT").setLevel(Level.INFO);
        context.getLogger("org.pgmigrator").setLevel(Level.DEBUG);
        context.getLogger("ROOT").addAppender(appender(context, path));
        LogManager.getLogManager().reset();
        SLF4JBridgeHandler.install();
        return new LogFile(context, path, path.equals(wanted) ? Optional.empty() : Optional.of(wanted));
    }

    private static FileAppender<ILoggingEvent> appender(LoggerContext context, Path path) {
        MaskingLayout layout = new MaskingLayout();
        layout.setContext(context);
        layout.setPattern(LINE);
        layout.start();
        LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
        encoder.setContext(context);
        encoder.setCharset(StandardCharsets.UTF_8);
        encoder.setLayout(layout);
        encoder.start();
        FileAppender<ILoggingEvent> appender = new FileAppender<>();
        appender.setContext(context);
        appender.setFile(path.toString());
        appender.setEncoder(encoder);
        appender.start();
        return appender;
    }

    private static boolean isWritable(Path path) {
        try {
            Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
                    .close();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static Path temporary() {
        try {
            return Files.createTempFile("pg-migrator-", ".log");
        } catch (IOException e) {
            throw new UncheckedIOException("no log file can be written, not even a temporary one", e);
        }
    }

    public Path path() {
        return path;
    }

    /// The file that was asked for, if it can't be written and [#path] is another one.
    public Optional<Path> refused() {
        return refused;
    }

    @Override
    public void close() {
        SLF4JBridgeHandler.uninstall();
        context.stop();
    }
}
