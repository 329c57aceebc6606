package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** Progress and result of the restore. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class RestoreStatus extends RunStatus {
    /** Name of the step that retries deferred objects. */
    public static final String RETRY = "Retry";

    @JsonPropertyDescription(
            "Finished: the run ended, with success or failure. Succeeded, and Ready with the same value. Available: the workloads became available. Stalled: the"
                    + " attempt failed and is not retried.")
    public List<Condition> conditions = new ArrayList<>();

    @Size(max = 253)
    @JsonPropertyDescription("The RestorePoint, as <site>/<namespace>/<name>.")
    public String restorePoint;

    @Size(max = 128)
    @JsonPropertyDescription(
            "SHA-256 of the point.json that was verified. A run that continues reads only a file with this"
                    + " digest.")
    public String digest;

    @Size(max = 253)
    @JsonPropertyDescription("BackupLocation from which the data is read.")
    public String location;

    @Size(max = 63)
    @JsonPropertyDescription("Namespace into which the point is restored.")
    public String targetNamespace;

    @JsonPropertyDescription("Time at which the run started, RFC 3339 in UTC.")
    public String startedAt;

    @JsonPropertyDescription("Time at which the run ended, RFC 3339 in UTC.")
    public String finishedAt;

    @Size(max = 32)
    @JsonPropertyDescription("Duration of the run.")
    public String duration;

    @JsonPropertyDescription("Number of objects that were created.")
    public Integer created;

    @JsonPropertyDescription("Number of objects into which captured fields were merged.")
    public Integer updated;

    @JsonPropertyDescription("Number of objects that were replaced.")
    public Integer replaced;

    @JsonPropertyDescription("Number of objects that were not changed.")
    public Integer skipped;

    @JsonPropertyDescription(
            "Number of objects that exist in the target namespace but not in the point; they are not changed.")
    public Integer extra;

    @JsonPropertyDescription("Number of objects and claims that would be refused; only for a dry run.")
    public Integer refused;

    @Size(max = 253)
    @JsonPropertyDescription("ConfigMap in this namespace with the result of a dry run, object by object.")
    public String report;

    @Size(max = 512)
    @JsonPropertyDescription("Volumes that the run fills.")
    public List<VolumeFill> volumes;

    @JsonPropertyDescription(
            "Number of files and directories that a restore of single files wrote; files that it did not change"
                    + " do not count.")
    public Long files;

    @JsonPropertyDescription("Bytes that were written into volumes.")
    public Long bytes;

    @Size(max = 256)
    @JsonPropertyDescription("Current step of the run, and the workloads that it waits for.")
    public String progress;

    @JsonPropertyDescription("Progress of the data of volumes; absent while no data is moved.")
    public TransferStatus transfer;

    @Size(max = 64)
    @JsonPropertyDescription("Problems that need attention although the restore succeeded.")
    public List<String> warnings;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Objects that the API server could not accept yet, for example because a webhook of the restored"
                    + " application did not run. They are retried for five minutes after the pods are released. After a failure, the"
                    + " objects that were not restored.")
    public List<Deferred> deferred;

    @Size(max = 1024)
    @JsonPropertyDescription("Pods in which the command of the annotations post.hook.restore.velero.io/… was run.")
    public List<HookRun> hooks;

    @Size(max = 32)
    @JsonPropertyDescription("Stages of spec.order, from the second one; the first one waits for nothing.")
    public List<Stage> stages;

    @JsonPropertyDescription(
            "Number of available workloads, of those that were restored or whose pods were held. Breakwater"
                    + " checks them until ten minutes after the end of the run; see the condition Available.")
    public Workloads workloads;

    @JsonPropertyDescription(
            "State of schedules, Jobs and workloads in the point; only for a Restore of a FailoverPlan.")
    public History history;

    /** What had run where the point was captured. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class History {
        @Size(max = 4096)
        @JsonPropertyDescription("CronJobs of the point that had started a Job.")
        public List<Schedule> cronJobs = new ArrayList<>();

        @Size(max = 4096)
        @JsonPropertyDescription("Jobs of the point that had ended, except those of CronJobs.")
        public List<String> endedJobs = new ArrayList<>();

        @Size(max = 4096)
        @JsonPropertyDescription(
                "Workloads of the target namespace that the point does not have, such as Deployment/web.")
        public List<String> absent = new ArrayList<>();
    }

    /** The last start of a CronJob. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Schedule {
        @Size(max = 253)
        @JsonPropertyDescription("Name of the CronJob.")
        public String name;

        @Size(max = 64)
        @JsonPropertyDescription("Its status.lastScheduleTime, RFC 3339 in UTC.")
        public String lastScheduleTime;
    }

    /** Objects that are restored after others are up. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Stage {
        @JsonPropertyDescription("Number of the stage. Objects that wait for nothing are in stage 0.")
        public Integer stage;

        @JsonPropertyDescription("Number of objects of the point in this stage.")
        public Integer objects;

        @JsonPropertyDescription("Time at which the wait for the earlier objects started, RFC 3339 in UTC.")
        public String startedAt;

        @JsonPropertyDescription(
                "Time at which the objects of the stage were restored and their pods released, RFC 3339 in UTC.")
        public String finishedAt;
    }

    /** Objects of one kind that were refused for one cause. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Deferred {
        @Size(max = 317)
        @JsonPropertyDescription("Kind, as kubectl api-resources -o name prints it.")
        public String kind;

        @JsonPropertyDescription("Number of objects.")
        public Integer objects;

        @Size(max = 1000)
        @JsonPropertyDescription(
                "Names of the objects; absent if there are too many, and then all objects of the kind are retried.")
        public List<String> names;

        @Size(max = 1024)
        @JsonPropertyDescription("Message of the API server.")
        public String cause;

        @JsonPropertyDescription(
                "Whether the API server refused the objects in a retry, so that they are not retried again.")
        public Boolean refused;
    }

    /** Availability of the application. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Workloads {
        @Size(max = 32)
        @JsonPropertyDescription("Available and counted workloads, such as 3/4.")
        public String summary;

        @JsonPropertyDescription("Number of workloads that are available.")
        public Integer available;

        @JsonPropertyDescription("Number of workloads that count.")
        public Integer total;

        @Size(max = 16)
        @JsonPropertyDescription("Workloads that are not available, each with the cause.")
        public List<String> waiting;
    }

    /** One command that was run. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class HookRun {
        @Size(max = 253)
        @JsonPropertyDescription("Pod.")
        public String pod;

        @Size(max = 64)
        @JsonPropertyDescription("UID of the pod.")
        public String uid;

        @Size(max = 2048)
        @JsonPropertyDescription("Error of the command if it makes the Restore fail; absent otherwise.")
        public String error;
    }

    /** One volume that is filled. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class VolumeFill {
        @Size(max = 253)
        @JsonPropertyDescription("PersistentVolumeClaim in the target namespace.")
        public String pvc;

        @Size(max = 128)
        @Pattern(RepositoryNames.SNAPSHOT)
        @JsonPropertyDescription("Id of the snapshot in the repository from which the volume is filled.")
        public String repositorySnapshot;

        @JsonPropertyDescription("Whether the claim existed before, so that its content is replaced.")
        public Boolean replaces;

        @JsonPropertyDescription("Bytes of the volume in the point.")
        public Long bytes;

        @JsonPropertyDescription("Whether the volume has the content of the point.")
        public Boolean filled;
    }

    /** Whether everything is restored except deferred objects, which the run retries while the pods start. */
    public boolean awaitsPods() {
        return deferred != null
                && journal.stream().anyMatch(e -> e.step.equals(RETRY) && e.state == JournalEntry.State.Running);
    }

    @Override
    public List<Condition> conditions() {
        return conditions;
    }
}
