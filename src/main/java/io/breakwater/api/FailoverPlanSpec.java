package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.ArrayList;
import java.util.List;

/** The two sites, which one is asked to be active, and how much may be lost on the way. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "self.sites.exists(s, s.name == self.activeSite)",
        message = "spec.activeSite must be the name of one of spec.sites")
@ValidationRule(
        value = "self.sites.map(s, s.name) == oldSelf.sites.map(s, s.name)"
                + " && self.rendezvousRef.name == oldSelf.rendezvousRef.name",
        message = "site names and rendezvousRef are immutable: the lease lies there; create another FailoverPlan")
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
            "The site that is asked to be active. Failing over is changing this line on the site that takes over.")
    public String activeSite;

    @Required
    @JsonPropertyDescription("BackupLocation where lease and journal lie; best in a third region.")
    public NamedRef rendezvousRef;

    @Required
    @JsonPropertyDescription("BackupPolicy in this namespace: what moves. It runs only where the plan is active.")
    public NamedRef policyRef;

    @Default("0s")
    @Pattern(Durations.PATTERN)
    @Size(min = 2, max = 32)
    @JsonPropertyDescription(
            "0s: a planned failover, which waits for the final sync and loses nothing. More: go ahead without the other site"
                    + " when no more than this would be lost.")
    public String maxDataLoss;

    @JsonPropertyDescription("The lease that decides who is active.")
    public Lease lease;

    @JsonPropertyDescription("When the application counts as being up.")
    public Readiness readiness;

    /** One site. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Site {
        @Required
        @Size(min = 1, max = 63)
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        @JsonPropertyDescription("Name that the operator of that cluster was installed with (Helm value site.name).")
        public String name;

        @Required
        @JsonPropertyDescription(
                "BackupLocation near that site: it restores from there, and the other site copies to there.")
        public NamedRef locationRef;
    }

    /** Lease. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Lease {
        @Default("60s")
        @Pattern(Durations.PATTERN)
        @Size(min = 2, max = 32)
        @JsonPropertyDescription(
                "How long a site that cannot renew its lease stays active in the eyes of the other; at least 30s. It has gated"
                        + " its pods before that.")
        public String duration;
    }

    /** Readiness. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Readiness {
        @Default("5m")
        @Pattern(Durations.PATTERN)
        @Size(min = 2, max = 32)
        @JsonPropertyDescription("How long workloads may take to become available after their pods were let go.")
        public String timeout;
    }
}
