package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Number of bytes that the repository of each namespace may use in a location. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "has(self.perNamespace) || has(self.namespaces) || has(self.keptSnapshots) || has(self.keptBytes)",
        message = "spec.quota must have perNamespace, namespaces, keptSnapshots or keptBytes")
public class Quota {
    private static final String SIZE = "^[0-9]{1,9}([.][0-9]{1,3})?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$";
    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    private static final BigDecimal MOST = BigDecimal.valueOf(Long.MAX_VALUE);

    @Size(min = 1, max = 16)
    @Pattern(SIZE)
    @JsonPropertyDescription(
            "Number of bytes that the repository of every namespace may use, for example 100Gi; no limit when"
                    + " absent. All bytes in this location count, including deleted bytes until they are freed.")
    public String perNamespace;

    @Size(min = 1, max = 256)
    @JsonPropertyDescription("Namespaces with a quota that differs from perNamespace.")
    public List<Share> namespaces;

    @Min(0)
    @Max(100_000)
    @JsonPropertyDescription(
            "Number of snapshots that may stay in the storage of the cluster for the points of every namespace; no limit"
                    + " when absent. It applies to policies with volumes.method Snapshot. Snapshots of deleted points"
                    + " count until they are deleted.")
    public Integer keptSnapshots;

    @Size(min = 1, max = 16)
    @Pattern(SIZE)
    @JsonPropertyDescription(
            "Number of bytes that these snapshots may have together, for example 1Ti; no limit when absent. The size of"
                    + " a snapshot is the size of a volume that is restored from it, as the driver reports it.")
    public String keptBytes;

    /** The quota of one namespace. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Share {
        @Required
        @Size(min = 1, max = 63)
        @Pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
        @JsonPropertyDescription("Name of the namespace.")
        public String name;

        @Required
        @Size(min = 1, max = 16)
        @Pattern(SIZE)
        @JsonPropertyDescription("Number of bytes that its repository may use, for example 1Ti; 0 allows none.")
        public String size;
    }

    /** Number of bytes that a namespace may use; empty without a limit. */
    public Optional<Long> of(String namespace) {
        return Optional.ofNullable(namespaces).stream()
                .flatMap(List::stream)
                .filter(s -> namespace.equals(s.name))
                .map(s -> s.size)
                .findFirst()
                .or(() -> Optional.ofNullable(perNamespace))
                .map(Quota::bytes);
    }

    /** Number of bytes of the snapshots that may stay in the storage for a namespace; empty without a limit. */
    public Optional<Long> ofKeptBytes() {
        return Optional.ofNullable(keptBytes).map(Quota::bytes);
    }

    private static long bytes(String size) {
        return new Quantity(size)
                .getNumericalAmount()
                .setScale(0, RoundingMode.DOWN)
                .min(MOST)
                .longValue();
    }

    /** A number of bytes in readable units, for example 1.5 GiB. */
    public static String text(long bytes) {
        double size = bytes;
        int unit = 0;
        while (size >= 1024 && unit < UNITS.length - 1) {
            size /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 || size >= 100 ? "%.0f %s" : "%.1f %s", size, UNITS[unit]);
    }
}
