package io.breakwater.observe;

import io.quarkus.logging.LoggingFilter;
import java.util.Map;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import org.jboss.logmanager.ExtLogRecord;
import org.jboss.logmanager.ExtLogRecord.FormatStyle;

/**
 * Makes each log record one line, wherever its parts come from. Users, stores and clients of the servers choose names, paths and
 * texts of errors. With line breaks or escape sequences in them they could forge lines of the log, or change the display of a
 * terminal. The filter escapes all such characters in the message, in the context and in the messages of exceptions. It lets
 * every record pass.
 */
@LoggingFilter(name = "single-line")
public final class SingleLineFilter implements Filter {
    @Override
    public boolean isLoggable(LogRecord line) {
        if (line instanceof ExtLogRecord extended) {
            message(extended);
            context(extended);
        } else {
            line.setMessage(LineEscape.escape(line.getMessage()));
        }
        if (line.getThrown() != null) {
            line.setThrown(PrintableThrowable.of(line.getThrown()));
        }
        return true;
    }

    private static void message(ExtLogRecord line) {
        String message = line.getFormattedMessage();
        if (message != null && LineEscape.isNeeded(message)) {
            line.setMessage(LineEscape.escape(message), FormatStyle.NO_FORMAT);
            line.setParameters(null);
        }
    }

    private static void context(ExtLogRecord line) {
        for (Map.Entry<String, String> value : line.getMdcCopy().entrySet()) {
            if (value.getValue() != null && LineEscape.isNeeded(value.getValue())) {
                line.putMdc(value.getKey(), LineEscape.escape(value.getValue()));
            }
        }
    }
}
