package io.breakwater.policy.template;

/** What the count of namespaces exports. */
public final class CoverageScrapes {
    private CoverageScrapes() {}

    public static String counted() {
        CoverageSurveyTest test = new CoverageSurveyTest();
        try {
            test.survey.survey();
            return test.registry.scrape();
        } finally {
            test.close();
        }
    }
}
