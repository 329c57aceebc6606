package io.breakwater.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

class UncaughtErrorLogTest {
    @Test
    void logsErrorsOfThreadsInsteadOfPrintingThem() throws InterruptedException {
        List<Throwable> logged = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                logged.add(line.getThrown());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(UncaughtErrorLog.class.getName());
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        PrintStream standardError = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        IllegalStateException error = new IllegalStateException("x\n{\"forged\":1}");
        try {
            System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
            new UncaughtErrorLog().start(null);
            Thread.ofPlatform()
                    .start(() -> {
                        throw error;
                    })
                    .join();
        } finally {
            System.setErr(standardError);
            Thread.setDefaultUncaughtExceptionHandler(before);
            logger.removeHandler(handler);
            logger.setUseParentHandlers(true);
        }

        assertThat(logged).containsExactly(error);
        assertThat(printed.toString(StandardCharsets.UTF_8)).isEmpty();
    }
}
