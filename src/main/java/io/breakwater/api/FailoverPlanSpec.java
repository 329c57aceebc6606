package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.ArrayList;
import java.util.List;

/** The two sites, the site that is requested as active, and the acceptable data loss. */
@JsonClassDescription("The two sites, the site that is requested as active, and the acceptable data loss.")
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "self.sites.exists(s, s.name == self.activeSite)",
        message = "spec.activeSite must be the name of one of spec.sites")
@ValidationRule(
        value = "self.sites.map(s, s.name) == oldSelf.sites.map(s, s.name)"
                + " && self.rendezvousRef.name == oldSelf.rendezvousRef.name",
        message = "site names and rendezvousRef are immutable, because the lease is stored under them; create another"
                + " FailoverPlan")
public class FailoverPlanSpec {
    @Required
    @Size(min = 2, max = 2)
    @ValidationRule(
            value = "self.all(s, self.exists_one(t, t.name == s.name))",
            message = "the two sites must have different names")
    @JsonPropertyDescription("The two sites, in the same order on both clusters.")
    public List<Site> sites = new ArrayList<>();

    @Required
    @Size(min = 1, max = 63)
    @JsonPropertyDescription(
            "The site that is requested as active. To fail over, change this field on the site that is to take"
                    + " over.")
    public String activeSite;

    @Required
    @JsonPropertyDescription("BackupLocation that holds the lease and the journal; best in a third region.")
    public NamedRef rendezvousRef;

    @Required
    @JsonPropertyDescription("BackupPolicy in this namespace whose points move. It runs only on the active site.")
    public NamedRef policyRef;

    @Default("0s")
    @Pattern(Durations.PATTERN)
    @Size(min = 2, max = 32)
    @JsonPropertyDescription(
            "Maximum data loss of a failover. 0s: a planned failover, which waits for the final point of the"
                    + " other site and loses no data. More: an unplanned failover, which does not need the other"
                    + " site and stops if more data would be lost.")
    public String maxDataLoss;

    @JsonPropertyDescription("The lease that decides which site is active.")
    public Lease lease;

    @JsonPropertyDescription("Limits of a planned failover.")
    public HandOver handOver;

    @JsonPropertyDescription("Conditions under which the application counts as up.")
    public Readiness readiness;

    @Default("Skip")
    @JsonPropertyDescription(
            "Scheduled times of CronJobs that no site has served when this site takes over. Skip: run none of them."
                    + " CatchUp: run the most recent one after the last time that the point has, as a CronJob does"
                    + " after an outage of its cluster.")
    public CronJobs cronJobs;

    /** Treatment of scheduled times that were missed. */
    public enum CronJobs {
        Skip,
        CatchUp
    }

    /** One site. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Site {
        @Required
        @Size(min = 1, max = 63)
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        @JsonPropertyDescription("Name of the site: the Helm value site.name of the operator in that cluster.")
        public String name;

        @Required
        @JsonPropertyDescription(
                "BackupLocation near that site. The site restores from it, and the other site copies its points to"
                        + " it.")
        public NamedRef locationRef;
    }

    /** Settings of the lease. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Lease {
        @Default("60s")
        @Pattern(Durations.PATTERN)
        @Size(min = 2, max = 32)
        @JsonPropertyDescription(
                "Validity of the lease after each renewal, from 30s to 1h. onLoss decides what happens when a site"
                        + " cannot renew it.")
        public String duration;

        @Default("KeepServing")
        @JsonPropertyDescription(
                "What the active site does when it cannot renew the lease. KeepServing: the application keeps running, and"
                        + " the other site takes over only after an offer, or after a FailoverRequest attests that the"
                        + " site is off. Gate: the site stops its pods before the lease expires; then the other site may"
                        + " take it.")
        public OnLoss onLoss;
    }

    /** What the active site does when it cannot renew the lease. */
    public enum OnLoss {
        /** The application keeps running. Another site takes the lease only after an offer or an attestation. */
        KeepServing,
        /** The pods end before the lease expires. Another site may take an expired lease. */
        Gate
    }

    /** Settings of a planned failover. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class HandOver {
        @Default("10m")
        @Pattern(Durations.PATTERN)
        @Size(min = 2, max = 32)
        @JsonPropertyDescription(
                "Maximum time from the start of a hand-over until the new site takes the lease. After that, the old site"
                        + " cancels the hand-over and serves again. The value on the old site applies.")
        public String timeout;
    }

    /** Settings of the readiness check. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Readiness {
        @Default("5m")
        @Pattern(Durations.PATTERN)
        @Size(min = 2, max = 32)
        @JsonPropertyDescription("Maximum time until workloads are available, after their pods were released.")
        public String timeout;
    }
}
