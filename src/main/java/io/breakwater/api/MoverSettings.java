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

/** The pods that move the volumes of a capture: how many, where, and how much they may take. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class MoverSettings {
    /** Volumes of one point moved at a time where the policy does not say. */
    public static final int PARALLELISM = 4;

    @Default("4")
    @Min(1)
    @Max(64)
    @JsonPropertyDescription("How many volumes of one RestorePoint are moved at a time.")
    public Integer parallelism;

    @JsonPropertyDescription(
            "What a mover's container asks for and may use; replaces the default as a whole, which is requests of 50m CPU and 128Mi memory and a limit of 1Gi memory.")
    public Resources resources;

    @Size(max = 32)
    @JsonPropertyDescription("Labels of the nodes that movers may run on.")
    public Map<String, String> nodeSelector;

    @Size(max = 32)
    @JsonPropertyDescription("Taints that movers tolerate.")
    public List<Toleration> tolerations;

    @Size(max = 16)
    @Pattern("^[1-9][0-9]{0,8}(Ki|Mi|Gi|k|M|G)$")
    @JsonPropertyDescription(
            "Bytes per second that one mover may send, as 50Mi; all movers of a point together send at most parallelism times as much. No limit when absent.")
    public String throttle;

    /** A taint that is tolerated; fields as in a pod's. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @ValidationRule(
            value = "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
            message = "a toleration with operator Exists has no value")
    @ValidationRule(
            value = "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
            message = "a toleration without a key has the operator Exists, and tolerates every taint")
    public static class Toleration {
        @Size(min = 1, max = 317)
        @JsonPropertyDescription("Key of the taint; every taint when absent.")
        public String key;

        @JsonPropertyDescription("Equal (as when absent): key and value must match. Exists: the key is enough.")
        public Operator operator;

        @Size(max = 63)
        @JsonPropertyDescription("Value of the taint.")
        public String value;

        @JsonPropertyDescription("Effect of the taint; every effect when absent.")
        public Effect effect;
    }

    /** How a taint is matched. */
    public enum Operator {
        Equal,
        Exists
    }

    /** What a taint does. */
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
            message = "requests.memory may not be above limits.memory")
    @ValidationRule(
            value = "!has(self.requests) || !has(self.limits) || !has(self.requests.cpu) || !has(self.limits.cpu)"
                    + " || quantity(self.requests.cpu).compareTo(quantity(self.limits.cpu)) <= 0",
            message = "requests.cpu may not be above limits.cpu")
    public static class Resources {
        @JsonPropertyDescription("What the scheduler sets aside.")
        public Amounts requests;

        @JsonPropertyDescription("What may not be exceeded.")
        public Amounts limits;
    }

    /** CPU and memory. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Amounts {
        @Size(max = 16)
        @Pattern("^([1-9][0-9]{0,5}m|[1-9][0-9]{0,3}([.][0-9]{1,3})?|0[.][0-9]{1,3})$")
        @JsonPropertyDescription("Cores, as a string: 50m, \"2\".")
        public String cpu;

        @Size(max = 16)
        @Pattern("^[1-9][0-9]{0,8}(Ki|Mi|Gi|k|M|G)$")
        @JsonPropertyDescription("Memory: 512Mi, 2Gi.")
        public String memory;
    }

    /** How many volumes are moved at a time. */
    public int volumesAtATime() {
        return parallelism == null ? PARALLELISM : parallelism;
    }
}
