package io.breakwater.replication;

/** What is exported after a copy that is complete. */
public final class CopyScrapes {
    private CopyScrapes() {}

    public static String copied() {
        PointCopiesTest test = new PointCopiesTest();
        test.makeObjects();
        try {
            test.point("p1", "b");
            test.push("p1");
            test.settle("p1");
            return test.registry.scrape();
        } finally {
            test.close();
        }
    }
}
