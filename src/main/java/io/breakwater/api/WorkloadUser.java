package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** User and groups of the processes that use a volume. The fields are those of a pod's securityContext. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public class WorkloadUser {
    private static final long HIGHEST = 2_147_483_647L;
    private static final int MOST_GROUPS = 64;

    @Min(0)
    @Max(HIGHEST)
    @JsonPropertyDescription("User id of the processes.")
    public Long runAsUser;

    @Min(0)
    @Max(HIGHEST)
    @JsonPropertyDescription("Primary group id of the processes.")
    public Long runAsGroup;

    @Min(0)
    @Max(HIGHEST)
    @JsonPropertyDescription("Group that owns the files of new volumes.")
    public Long fsGroup;

    @Size(max = MOST_GROUPS)
    @JsonPropertyDescription("More groups of the processes.")
    public List<Long> supplementalGroups;

    /** Whether no field is set. */
    public boolean hasNoField() {
        return runAsUser == null && runAsGroup == null && fsGroup == null && noGroups();
    }

    private boolean noGroups() {
        return supplementalGroups == null || supplementalGroups.isEmpty();
    }

    /** This user with the fields of another one, or null, where this one has none. */
    public WorkloadUser orElse(WorkloadUser other) {
        WorkloadUser user = new WorkloadUser();
        WorkloadUser fallback = other == null ? new WorkloadUser() : other;
        user.runAsUser = runAsUser == null ? fallback.runAsUser : runAsUser;
        user.runAsGroup = runAsGroup == null ? fallback.runAsGroup : runAsGroup;
        user.fsGroup = fsGroup == null ? fallback.fsGroup : fsGroup;
        user.supplementalGroups = noGroups() ? fallback.supplementalGroups : supplementalGroups;
        return user;
    }

    /** This user, with the groups of another one in addition. */
    public WorkloadUser withGroupsOf(WorkloadUser other) {
        Set<Long> groups = new LinkedHashSet<>(supplementalGroups == null ? List.of() : supplementalGroups);
        groups.addAll(other.groups());
        groups.removeAll(groupsWithoutSupplemental());
        WorkloadUser user = orElse(null);
        user.supplementalGroups =
                groups.isEmpty() ? null : groups.stream().limit(MOST_GROUPS).toList();
        return user;
    }

    /** All groups of the processes. */
    public List<Long> groups() {
        Set<Long> groups = new LinkedHashSet<>(groupsWithoutSupplemental());
        groups.addAll(supplementalGroups == null ? List.of() : supplementalGroups);
        return List.copyOf(groups);
    }

    private List<Long> groupsWithoutSupplemental() {
        List<Long> groups = new ArrayList<>();
        if (runAsGroup != null) {
            groups.add(runAsGroup);
        }
        if (fsGroup != null) {
            groups.add(fsGroup);
        }
        return groups;
    }
}
