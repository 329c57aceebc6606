package io.breakwater.capture;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;

/** What the real controller exports after a point that is sealed, and one that failed. */
public final class CaptureScrapes {
    private CaptureScrapes() {}

    public static String ended() {
        PointAlertsTest test = new PointAlertsTest();
        try {
            BackupPolicy policy = new BackupPolicy();
            policy.getMetadata().setNamespace("shop");
            policy.getMetadata().setName("hourly");
            policy.setSpec(new BackupPolicySpec());
            test.client.resource(policy).create();
            test.capture("good");
            test.client.resource(policy).delete();
            test.capture("bad");
            return test.registry.scrape();
        } finally {
            test.close();
        }
    }
}
