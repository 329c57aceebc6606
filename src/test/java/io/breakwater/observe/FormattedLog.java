package io.breakwater.observe;

import io.quarkus.logging.LoggingFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Filter;
import org.jboss.logmanager.ExtHandler;
import org.jboss.logmanager.ExtLogRecord;
import org.jboss.logmanager.LogContext;
import org.jboss.logmanager.formatters.PatternFormatter;

/** A log that formats its lines as the operator does, without the time, and holds them. */
public final class FormattedLog {
    private static final Path CONFIGURATION = Path.of("src/main/resources/application.properties");
    private static final String TIME = "%d{yyyy-MM-dd HH:mm:ss,SSS} ";

    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final org.jboss.logmanager.Logger logger = LogContext.create().getLogger("io.breakwater.Sample");

    /** A log in the format of {@code application.properties}. */
    public FormattedLog() throws IOException {
        Properties configuration = new Properties();
        try (var reader = Files.newBufferedReader(CONFIGURATION)) {
            configuration.load(reader);
        }
        String format = configuration.getProperty("quarkus.log.console.format").replace(TIME, "");
        PatternFormatter formatter = new PatternFormatter(format);
        Filter filter = filter(configuration.getProperty("quarkus.log.console.filter"));
        logger.addHandler(new ExtHandler() {
            @Override
            protected void doPublish(ExtLogRecord line) {
                if (filter.isLoggable(line)) {
                    lines.add(formatter.format(line).strip());
                }
            }
        });
    }

    private static Filter filter(String name) {
        String ours = SingleLineFilter.class.getAnnotation(LoggingFilter.class).name();
        return ours.equals(name) ? new SingleLineFilter() : line -> true;
    }

    /** Logs a line with parameters and an exception on this thread. */
    public void warn(Throwable thrown, String format, Object... parameters) {
        logger.log(
                "io.breakwater.Sample",
                org.jboss.logmanager.Level.WARN,
                format,
                ExtLogRecord.FormatStyle.PRINTF,
                parameters,
                thrown);
    }

    /** Logs a line on this thread. */
    public void info(String message) {
        logger.info(message);
    }

    /** The lines so far, in their order. */
    public List<String> lines() {
        return List.copyOf(lines);
    }
}
