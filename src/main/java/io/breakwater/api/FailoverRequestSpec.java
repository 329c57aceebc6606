package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** The site that is to take over, and the conditions. */
@JsonClassDescription("The site that is to take over, and the conditions. Immutable.")
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "self == oldSelf",
        message = "a FailoverRequest is one attempt and immutable; create another FailoverRequest")
@ValidationRule(
        value = "!has(self.attestation) || self.attestation.siteOff != self.site",
        message = "spec.attestation.siteOff must be the other site: spec.site is to take over")
public class FailoverRequestSpec {
    @Required
    @JsonPropertyDescription("FailoverPlan in this namespace.")
    public NamedRef planRef;

    @Required
    @Size(min = 1, max = 63)
    @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    @JsonPropertyDescription("The site that is to take over: the site of the cluster in which this object is created.")
    public String site;

    @Pattern(Durations.PATTERN)
    @Size(min = 2, max = 32)
    @JsonPropertyDescription("Maximum data loss of this failover. If absent, spec.maxDataLoss of the plan.")
    public String maxDataLoss;

    @JsonPropertyDescription(
            "The statement of the author that the other site is off. Needed when its lease is not renewed and its plan keeps"
                    + " serving (spec.lease.onLoss). Valid for 15 minutes, and void if the other site renews its lease.")
    public Attestation attestation;

    @Default("1h")
    @Pattern(Durations.PATTERN)
    @Size(min = 2, max = 32)
    @JsonPropertyDescription(
            "Time in which the failover must start. After that, the request is withdrawn. A failover that has started"
                    + " continues.")
    public String ttl;

    /** The statement of the author that a site is off. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Attestation {
        @Required
        @Size(min = 1, max = 63)
        @JsonPropertyDescription(
                "The site that is off: no pod of the application runs there, and none will start by itself.")
        public String siteOff;

        @Required
        @Size(min = 3, max = 41)
        @Pattern("^[0-9]{1,18}[.][0-9]{1,18}$")
        @JsonPropertyDescription(
                "The last renewal of the lease, as status.leaseCounter of the plan shows it on this site, such as 3.1042.")
        public String lease;
    }
}
