package io.breakwater.observe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The lines of the audit log that this process writes until the object is closed. */
public final class RecordedAudit implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Logger logger = Logger.getLogger(AuditLog.CATEGORY);
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord line) {
            lines.add(line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    public RecordedAudit() {
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
    }

    /** The lines so far, as they were written. */
    public List<String> lines() {
        return List.copyOf(lines);
    }

    /** The lines so far, parsed. */
    public List<JsonNode> entries() {
        return lines.stream().map(RecordedAudit::parse).toList();
    }

    /** Action and result of each line so far, such as {@code Restore Requested}. */
    public List<String> results() {
        return entries().stream()
                .map(entry -> entry.path("action").asText() + " "
                        + entry.path("result").asText())
                .toList();
    }

    private static JsonNode parse(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
    }
}
