package io.breakwater.location;

import java.io.IOException;
import java.util.List;

/** What is exported about a location, and about the requests to its store. */
public final class LocationScrapes {
    private static final int SERVER_ERROR = 500;
    private static final int UNAVAILABLE = 503;

    private LocationScrapes() {}

    /** First a location that can be used, then one that cannot. */
    public static List<String> usableAndNot() {
        LocationAlertsTest test = new LocationAlertsTest();
        test.start();
        try {
            return List.of(test.usable(null), test.unusable());
        } finally {
            test.close();
        }
    }

    /** A store that answers, throttles and fails. */
    public static String storeCalls() throws IOException {
        StoreCallMetersTest test = new StoreCallMetersTest();
        test.start();
        try {
            test.answers.addAll(List.of(UNAVAILABLE, SERVER_ERROR));
            test.open("s3").head("a");
            return test.registry.scrape();
        } finally {
            test.stop();
        }
    }
}
