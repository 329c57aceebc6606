package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;

/** Settings of the pods that move the volumes of a capture: number, nodes, resources and user. */
@ValidationRule(
        value =
                "!has(self.securityContext) || !has(self.securityContext.runAsUser) || self.securityContext.runAsUser > 0",
        message = "securityContext.runAsUser must not be 0; only an administrator can let movers run as root")
@JsonInclude(JsonInclude.Include.NON_NULL)
public class MoverSettings {
    /** Default of the number of volumes of one point that are moved at the same time. */
    public static final int PARALLELISM = 4;

    @Default("4")
    @Min(1)
    @Max(64)
    @JsonPropertyDescription("Number of volumes of one RestorePoint that are moved at the same time.")
    public Integer parallelism;

    @JsonPropertyDescription(
            "Resources of a mover's container. They replace the full default of the installation, which is by default:"
                    + " requests of 50m CPU and 128Mi memory, and a limit of 1Gi memory. What a quota of the namespace"
                    + " demands in addition is set.")
    public Resources resources;

    @JsonPropertyDescription(
            "User of the movers that read or write volumes. These movers then run without root in every namespace."
                    + " Absent fields are those of the workload.")
    public WorkloadUser securityContext;

    @Size(max = 32)
    @JsonPropertyDescription("Labels of the nodes that movers may run on.")
    public Map<String, String> nodeSelector;

    @Size(max = 32)
    @JsonPropertyDescription("Taints that movers tolerate.")
    public List<Toleration> tolerations;

    @Size(max = 16)
    @Pattern("^[1-9][0-9]{0,8}(Ki|Mi|Gi|k|M|G)$")
    @JsonPropertyDescription(
            "Maximum bytes per second that one mover sends, for example 50Mi. All movers of a point together send"
                    + " at most parallelism times as much. No limit when absent.")
    public String throttle;

    /** A toleration, with the same fields as in a pod. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
            message = "a toleration with operator Exists must not have a value")
    @ValidationRule(
            value = "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
            message = "a toleration without a key must have operator Exists, and then tolerates every taint")
    public static class Toleration {
        @Size(min = 1, max = 317)
        @JsonPropertyDescription("Key of the taint; every taint when absent.")
        public String key;

        @JsonPropertyDescription("Equal (the default): key and value must match. Exists: only the key must match.")
        public Operator operator;

        @Size(max = 63)
        @JsonPropertyDescription("Value of the taint.")
        public String value;

        @JsonPropertyDescription("Effect of the taint; every effect when absent.")
        public Effect effect;
    }

    /** Way in which a taint is matched. */
    public enum Operator {
        Equal,
        Exists
    }

    /** Effect of a taint. */
    public enum Effect {
        NoSchedule,
        PreferNoSchedule,
        NoExecute
    }

    /** Requests and limits of a container. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "!has(self.requests) || !has(self.limits) || !has(self.requests.memory) || !has(self.limits.memory)"
                    + " || quantity(self.requests.memory).compareTo(quantity(self.limits.memory)) <= 0",
            message = "requests.memory must not exceed limits.memory")
    @ValidationRule(
            value = "!has(self.requests) || !has(self.limits) || !has(self.requests.cpu) || !has(self.limits.cpu)"
                    + " || quantity(self.requests.cpu).compareTo(quantity(self.limits.cpu)) <= 0",
            message = "requests.cpu must not exceed limits.cpu")
    public static class Resources {
        @JsonPropertyDescription("Resources that the scheduler reserves.")
        public Amounts requests;

        @JsonPropertyDescription("Resources that the container must not exceed.")
        public Amounts limits;
    }

    /** CPU and memory. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Amounts {
        @Size(max = 16)
        @Pattern("^([1-9][0-9]{0,5}m|[1-9][0-9]{0,3}([.][0-9]{1,3})?|0[.][0-9]{1,3})$")
        @JsonPropertyDescription("Number of cores, as a string: 50m, \"2\".")
        public String cpu;

        @Size(max = 16)
        @Pattern("^[1-9][0-9]{0,8}(Ki|Mi|Gi|k|M|G)$")
        @JsonPropertyDescription("Amount of memory: 512Mi, 2Gi.")
        public String memory;
    }

    /** The number of volumes that are moved at the same time. */
    public int volumesAtATime() {
        return parallelism == null ? PARALLELISM : parallelism;
    }
}
