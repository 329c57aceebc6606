package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** How far the restore got, and what it did. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class RestoreStatus extends RunStatus {
    @JsonPropertyDescription("Succeeded, mirrored to Ready; Stalled when the attempt failed for good.")
    public List<Condition> conditions = new ArrayList<>();

    @Size(max = 253)
    @JsonPropertyDescription("The RestorePoint, as <site>/<namespace>/<name>.")
    public String restorePoint;

    @Size(max = 128)
    @JsonPropertyDescription(
            "SHA-256 of the point.json that was verified; a run that goes on reads the same one or none.")
    public String digest;

    @Size(max = 253)
    @JsonPropertyDescription("BackupLocation that the data comes from.")
    public String location;

    @Size(max = 63)
    @JsonPropertyDescription("Namespace that is restored into.")
    public String targetNamespace;

    @JsonPropertyDescription("When the run started, RFC 3339 in UTC.")
    public String startedAt;

    @JsonPropertyDescription("When the run ended, RFC 3339 in UTC.")
    public String finishedAt;

    @Size(max = 32)
    @JsonPropertyDescription("How long the run took.")
    public String duration;

    @JsonPropertyDescription("Objects created.")
    public Integer created;

    @JsonPropertyDescription("Objects that captured fields were merged into.")
    public Integer updated;

    @JsonPropertyDescription("Objects replaced.")
    public Integer replaced;

    @JsonPropertyDescription("Objects left as they were.")
    public Integer skipped;

    @JsonPropertyDescription("Objects that exist in the target namespace but not in the point; they were left alone.")
    public Integer extra;

    @JsonPropertyDescription("Objects and claims that would be refused; of a dry run only.")
    public Integer refused;

    @Size(max = 253)
    @JsonPropertyDescription("ConfigMap in this namespace with what a dry run would do, object by object.")
    public String report;

    @Size(max = 512)
    @JsonPropertyDescription("Volumes that are filled.")
    public List<VolumeFill> volumes;

    @JsonPropertyDescription(
            "Files and directories that a restore of single files wrote; those that it left as they were do not count.")
    public Long files;

    @JsonPropertyDescription("Bytes written into volumes.")
    public Long bytes;

    @Size(max = 256)
    @JsonPropertyDescription("The step that the run is in; where workloads are waited for, also for which.")
    public String progress;

    @JsonPropertyDescription("How far the content of volumes is; absent while nothing is on its way.")
    public TransferStatus transfer;

    @Size(max = 64)
    @JsonPropertyDescription("What deserves a look although the restore went through.")
    public List<String> warnings;

    @Size(max = 1024)
    @JsonPropertyDescription("Pods whose command of the annotations post.hook.restore.velero.io/… was run.")
    public List<HookRun> hooks;

    @Size(max = 32)
    @JsonPropertyDescription("Stages of spec.order, from the second on; the first one waits for nothing.")
    public List<Stage> stages;

    @JsonPropertyDescription(
            "Workloads that were brought back, or were held back meanwhile: how many are available. Looked at for ten"
                    + " minutes after the end of the run; see the condition Available.")
    public Workloads workloads;

    /** Objects that are restored after others are up. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Stage {
        @JsonPropertyDescription("Number of the stage; what waits for nothing is stage 0.")
        public Integer stage;

        @JsonPropertyDescription("Objects of the point in this stage.")
        public Integer objects;

        @JsonPropertyDescription("When the wait for what comes first began, RFC 3339 in UTC.")
        public String startedAt;

        @JsonPropertyDescription("When the stage's objects were restored and their pods let go, RFC 3339 in UTC.")
        public String finishedAt;
    }

    /** Whether the application came up. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Workloads {
        @Size(max = 32)
        @JsonPropertyDescription("As 3/4, for kubectl get.")
        public String summary;

        @JsonPropertyDescription("Workloads that are available.")
        public Integer available;

        @JsonPropertyDescription("All workloads that count.")
        public Integer total;

        @Size(max = 16)
        @JsonPropertyDescription("Workloads that are not available, and why.")
        public List<String> waiting;
    }

    /** One command that was run. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class HookRun {
        @Size(max = 253)
        @JsonPropertyDescription("Pod.")
        public String pod;

        @Size(max = 64)
        @JsonPropertyDescription("Its UID.")
        public String uid;

        @Size(max = 2048)
        @JsonPropertyDescription("How it failed, where that counts; absent otherwise.")
        public String error;
    }

    /** One volume that is filled. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class VolumeFill {
        @Size(max = 253)
        @JsonPropertyDescription("PersistentVolumeClaim in the target namespace.")
        public String pvc;

        @Size(max = 128)
        @JsonPropertyDescription("Snapshot in the repository that it is filled from.")
        public String repositorySnapshot;

        @JsonPropertyDescription("Whether the claim was there before, so that its content is replaced.")
        public Boolean replaces;

        @JsonPropertyDescription("Bytes of the volume in the point.")
        public Long bytes;

        @JsonPropertyDescription("Whether the volume holds the point's content.")
        public Boolean filled;
    }

    @Override
    public List<Condition> conditions() {
        return conditions;
    }
}
