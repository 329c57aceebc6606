package io.breakwater.observe;

import java.util.List;

/**
 * The metrics of Breakwater, under the names that Prometheus sees. Alerts and dashboards of users depend on names, units and
 * labels, so these do not change. The page {@code docs/reference/metrics.md} is generated from this list.
 */
public enum MeterName {
    POLICY_LAST_SUCCESS(
            "breakwater_policy_last_success_timestamp_seconds",
            Kind.GAUGE,
            "Time when the newest good RestorePoint was captured, in seconds since 1970",
            "namespace",
            "policy"),
    POLICY_RPO_AGE(
            "breakwater_policy_rpo_age_seconds",
            Kind.GAUGE,
            "Age of the newest good RestorePoint",
            "namespace",
            "policy"),
    POLICY_RPO("breakwater_policy_rpo_seconds", Kind.GAUGE, "The objective spec.objectives.rpo", "namespace", "policy"),
    POLICY_RPO_MET(
            "breakwater_policy_rpo_met",
            Kind.GAUGE,
            "1 while the age of the newest good RestorePoint is within spec.objectives.rpo, else 0",
            "namespace",
            "policy"),
    POLICY_LAST_POINT_GOOD(
            "breakwater_policy_last_point_good",
            Kind.GAUGE,
            "1 while the newest RestorePoint that ended is good and the schedule is followed, else 0; absent before the"
                    + " first, on a standby site, and for templates",
            "namespace",
            "policy"),
    POLICIES(
            "breakwater_policies",
            Kind.GAUGE,
            "Policies of this site; state is protected, late (an objective for points or copies is missed), or unprotected (no"
                    + " good point yet)",
            "state"),
    TEMPLATE_NAMESPACES(
            "breakwater_template_namespaces",
            Kind.GAUGE,
            "Namespaces that a template selects; state is protected, waiting (no point yet, and no error), failing, or"
                    + " left (covered by another policy, or refused)",
            "namespace",
            "policy",
            "state"),
    COVERAGE_NAMESPACES(
            "breakwater_coverage_namespaces",
            Kind.GAUGE,
            "Namespaces of the cluster with PersistentVolumeClaims; state is covered (a policy or a template exists), uncovered,"
                    + " or excluded (by Helm value coverage.exclude or by label); absent until the first count",
            "state"),
    REPLICATION_LAG(
            "breakwater_replication_lag_seconds",
            Kind.GAUGE,
            "Age of the newest point that is complete in a further location",
            "namespace",
            "policy",
            "location"),
    REPLICATION_RPO(
            "breakwater_replication_rpo_seconds",
            Kind.GAUGE,
            "The objective spec.copies[].rpo",
            "namespace",
            "policy",
            "location"),
    REPLICATION_LAST_COPY_GOOD(
            "breakwater_replication_last_copy_good",
            Kind.GAUGE,
            "1 while the newest copy whose first attempt ended is complete, else 0; absent before the first, and on a"
                    + " standby site",
            "namespace",
            "policy",
            "location"),
    REPLICATION_COPIES(
            "breakwater_replication_copies_total",
            Kind.COUNTER,
            "Copies that ended",
            "namespace",
            "policy",
            "location",
            "result",
            "reason"),
    REPLICATION_BYTES(
            "breakwater_replication_bytes_total",
            Kind.COUNTER,
            "Bytes that copies transferred",
            "namespace",
            "policy",
            "location"),
    REPLICATION_DURATION(
            "breakwater_replication_duration_seconds",
            Kind.TIMER,
            "Duration of a copy",
            "namespace",
            "policy",
            "location"),
    COPY_DURATION(
            "breakwater_copy_duration_seconds",
            Kind.HISTOGRAM,
            "Duration of a copy, for all policies together",
            "location"),
    RESTORE_POINTS(
            "breakwater_restore_points_total",
            Kind.COUNTER,
            "RestorePoints that ended",
            "namespace",
            "policy",
            "result",
            "reason"),
    RESTORE_POINT_DURATION(
            "breakwater_restore_point_duration_seconds",
            Kind.TIMER,
            "Time from the creation of a RestorePoint to its seal, or to its failure",
            "namespace",
            "policy",
            "result"),
    CAPTURE_DURATION(
            "breakwater_capture_duration_seconds",
            Kind.HISTOGRAM,
            "Time from the creation of a RestorePoint to its seal, or to its failure, for all policies together",
            "result"),
    RETENTION_REMOVED(
            "breakwater_retention_removed_total",
            Kind.COUNTER,
            "RestorePoints that spec.retention deleted; result is their own, Completed or Failed",
            "namespace",
            "policy",
            "result"),
    POLICY_PROVEN(
            "breakwater_policy_proven",
            Kind.GAUGE,
            "1 when the newest Verification at the required level proved its point, else 0; absent before the first",
            "namespace",
            "policy"),
    POLICY_AUTHOR_LACKS_RIGHT(
            "breakwater_policy_author_lacks_right",
            Kind.GAUGE,
            "1 while the author of the policy is unknown or may not run its commands, else 0; absent without commands",
            "namespace",
            "policy"),
    VERIFICATION_OVERDUE(
            "breakwater_verification_overdue",
            Kind.GAUGE,
            "1 when the schedule of verifications was due twice since the last proof, else 0; absent where it does not"
                    + " run",
            "namespace",
            "policy"),
    VERIFICATION_LAST_SUCCESS(
            "breakwater_verification_last_success_timestamp_seconds",
            Kind.GAUGE,
            "Time when a point was last proven at the required level, in seconds since 1970",
            "namespace",
            "policy"),
    POLICY_RESTORE(
            "breakwater_policy_restore_seconds",
            Kind.GAUGE,
            "Duration of the newest measured restore",
            "namespace",
            "policy"),
    POLICY_RTO("breakwater_policy_rto_seconds", Kind.GAUGE, "The objective spec.objectives.rto", "namespace", "policy"),
    VERIFICATIONS(
            "breakwater_verifications_total",
            Kind.COUNTER,
            "Verifications that ended",
            "namespace",
            "policy",
            "level",
            "result",
            "reason"),
    VERIFICATION_DURATION(
            "breakwater_verification_duration_seconds",
            Kind.HISTOGRAM,
            "Duration of a Verification, for all policies together",
            "level",
            "result"),
    RESTORES(
            "breakwater_restores_total",
            Kind.COUNTER,
            "Restores that ended, except dry runs",
            "namespace",
            "result",
            "reason"),
    RESTORE_DURATION(
            "breakwater_restore_duration_seconds", Kind.HISTOGRAM, "Duration of a Restore", "namespace", "result"),
    SWEPT_OBJECTS(
            "breakwater_swept_objects_total",
            Kind.COUNTER,
            "Deleted objects that were removed from the store after their grace period",
            "namespace",
            "location"),
    SWEPT_BYTES(
            "breakwater_swept_bytes_total",
            Kind.COUNTER,
            "Bytes of deleted objects that were removed from the store after their grace period",
            "namespace",
            "location"),
    UNSEALED_SWEPT(
            "breakwater_unsealed_swept_total",
            Kind.COUNTER,
            "Leftovers of captures and copies without a seal that are marked as deleted; kind is archive, snapshot,"
                    + " upload, or kept (snapshots that the storage was asked to delete, those of deleted points"
                    + " included)",
            "namespace",
            "location",
            "kind"),
    IMMUTABILITY_AGE(
            "breakwater_immutability_age_seconds",
            Kind.GAUGE,
            "Time since the locks in the location were last checked, for the site that is furthest behind",
            "namespace",
            "location"),
    IMMUTABILITY_PERIOD(
            "breakwater_immutability_period_seconds",
            Kind.GAUGE,
            "The period spec.immutability.period",
            "namespace",
            "location"),
    IMMUTABILITY_EXTENDED(
            "breakwater_immutability_extended_total",
            Kind.COUNTER,
            "Locks that were extended",
            "namespace",
            "location"),
    LOCKED_VERSIONS(
            "breakwater_locked_versions",
            Kind.GAUGE,
            "Older versions of objects that will be deleted when their locks expire",
            "namespace",
            "location"),
    LOCKED_BYTES(
            "breakwater_locked_bytes",
            Kind.GAUGE,
            "Bytes of older versions of objects that will be deleted when their locks expire",
            "namespace",
            "location"),
    FOREIGN_REMOVALS(
            "breakwater_foreign_removals_total",
            Kind.COUNTER,
            "Objects that someone other than Breakwater deleted or tried to delete, in locations with locks; all of"
                    + " them still exist",
            "namespace",
            "location"),
    PRUNES(
            "breakwater_prunes_total",
            Kind.COUNTER,
            "Prunes of repositories that ended; result is Completed, Failed, or Interrupted (a capture needed the repository)",
            "namespace",
            "location",
            "result"),
    PRUNE_GARBAGE(
            "breakwater_prune_garbage_bytes",
            Kind.GAUGE,
            "Estimate of the bytes of deleted points that no prune freed",
            "namespace",
            "location"),
    PRUNES_DUE(
            "breakwater_prunes_due",
            Kind.GAUGE,
            "Repositories whose prune runs or starts next",
            "namespace",
            "location"),
    TOMBSTONES(
            "breakwater_tombstones",
            Kind.GAUGE,
            "Deleted objects whose grace period has not ended",
            "namespace",
            "location"),
    LOCATION_READY(
            "breakwater_location_ready", Kind.GAUGE, "1 while the location is usable, else 0", "namespace", "location"),
    STORE_CALLS(
            "breakwater_store_calls_total",
            Kind.COUNTER,
            "Requests to the store of a location, retries and pages of listings included; result is Answered, Throttled (429 or"
                    + " 503), or Failed (another error of the server, or no answer)",
            "namespace",
            "location",
            "verb",
            "result"),
    STORE_CALL_DURATION(
            "breakwater_store_call_duration_seconds",
            Kind.HISTOGRAM,
            "Time from the start of a request to a store until its answer starts",
            "namespace",
            "location",
            "verb"),
    STORE_IN_FLIGHT(
            "breakwater_store_calls_in_flight",
            Kind.GAUGE,
            "Calls to the store of the location that are not answered yet",
            "namespace",
            "location"),
    STORE_LIMIT(
            "breakwater_store_calls_limit",
            Kind.GAUGE,
            "Calls to the store that may be in flight; falls when the store throttles, or does not answer in time",
            "namespace",
            "location"),
    STORE_WAITING(
            "breakwater_store_calls_waiting",
            Kind.GAUGE,
            "Calls to the store that wait until others are answered",
            "namespace",
            "location"),
    STORE_WAIT(
            "breakwater_store_call_wait_seconds",
            Kind.TIMER,
            "Waits of calls to the store, of one millisecond or longer, before they were sent",
            "namespace",
            "location"),
    STORE_REFUSED(
            "breakwater_store_calls_refused_total",
            Kind.COUNTER,
            "Calls to the store that failed because they waited too long for others",
            "namespace",
            "location"),
    LOCATION_RESPONSIVE(
            "breakwater_location_responsive",
            Kind.GAUGE,
            "1 while the store of the location answers in time, 0 while it throttles or does not answer",
            "namespace",
            "location"),
    QUOTA_USED(
            "breakwater_quota_used_bytes",
            Kind.GAUGE,
            "Bytes in the repository of a namespace, in a location with spec.quota; namespace is the owner of the data",
            "namespace",
            "site",
            "location"),
    QUOTA(
            "breakwater_quota_bytes",
            Kind.GAUGE,
            "Bytes that the repository of a namespace may have, by spec.quota",
            "namespace",
            "site",
            "location"),
    QUOTA_REFUSED(
            "breakwater_quota_refused_total",
            Kind.COUNTER,
            "Uploads that the gateway refused because the quota is used up",
            "namespace",
            "location"),
    LOCATION_UNREADABLE(
            "breakwater_location_unreadable",
            Kind.GAUGE,
            "Points and repositories that no available master key decrypts",
            "namespace",
            "location"),
    LOCATION_AUTHOR_LACKS_RIGHT(
            "breakwater_location_author_lacks_right",
            Kind.GAUGE,
            "1 while the author of the location is unknown or may not read its Secrets, else 0; absent without Secrets",
            "namespace",
            "location"),
    LOCATION_ROTATION_AGE(
            "breakwater_location_rotation_age_seconds",
            Kind.GAUGE,
            "Time since a change of the master key started; absent when no change is in progress",
            "namespace",
            "location"),
    LOCATION_ESCROWED(
            "breakwater_location_escrowed",
            Kind.GAUGE,
            "1 while all available master keys are in escrow, else 0; absent without spec.encryption.escrowSecretRef",
            "namespace",
            "location"),
    FAILOVER_ROLE(
            "breakwater_failover_role",
            Kind.GAUGE,
            "1 for the role that this site has in the plan",
            "namespace",
            "plan",
            "role"),
    FAILOVER_EPOCH("breakwater_failover_epoch", Kind.GAUGE, "Epoch of the lease", "namespace", "plan"),
    FAILOVER_LEASE_AGE(
            "breakwater_failover_lease_age_seconds",
            Kind.GAUGE,
            "Time since the last renewal of the lease, as seen from this site",
            "namespace",
            "plan"),
    FAILOVER_LEASE_DURATION(
            "breakwater_failover_lease_duration_seconds",
            Kind.GAUGE,
            "Validity of a renewal of the lease, by spec.lease.duration on the active site",
            "namespace",
            "plan"),
    FAILOVER_LEASE_AT_RISK(
            "breakwater_failover_lease_at_risk",
            Kind.GAUGE,
            "1 while this site cannot renew its lease and the application keeps running, else 0",
            "namespace",
            "plan"),
    FAILOVER_STALLED(
            "breakwater_failover_stalled",
            Kind.GAUGE,
            "1 while the plan waits for a user, else 0",
            "namespace",
            "plan"),
    FAILOVER_RUN_AGE(
            "breakwater_failover_run_age_seconds",
            Kind.GAUGE,
            "Time since the start of the failover that is in progress; absent without one",
            "namespace",
            "plan"),
    FAILOVER_EXPECTED_DATA_LOSS(
            "breakwater_failover_expected_data_loss_seconds",
            Kind.GAUGE,
            "Data loss of a failover without the active site at this moment",
            "namespace",
            "plan"),
    FAILOVERS(
            "breakwater_failovers_total",
            Kind.COUNTER,
            "Failovers that ended on this site; kind is Planned, Unplanned, or Divergent (a backup of data that the active"
                    + " site does not have); result is Completed, NotReady, RolledBack or Failed",
            "namespace",
            "plan",
            "kind",
            "result"),
    FAILOVER_DURATION(
            "breakwater_failover_duration_seconds",
            Kind.HISTOGRAM,
            "Duration of a failover on this site",
            "namespace",
            "plan",
            "kind",
            "result"),
    RECONCILES(
            "breakwater_reconciles_total",
            Kind.COUNTER,
            "Runs of a controller for one object; result is Completed or Failed",
            "controller",
            "result"),
    RECONCILE_RETRIES(
            "breakwater_reconcile_retries_total",
            Kind.COUNTER,
            "Runs of a controller for an object whose last run failed",
            "controller"),
    RECONCILE_DURATION(
            "breakwater_reconcile_duration_seconds", Kind.HISTOGRAM, "Duration of a run of a controller", "controller"),
    RECONCILE_QUEUE(
            "breakwater_reconcile_queue",
            Kind.GAUGE,
            "Objects of a controller; state is waiting (for a thread) or working",
            "controller",
            "state"),
    LEADER(
            "breakwater_leader",
            Kind.GAUGE,
            "1 for the guard that renews leases and reconciles FailoverPlans, 0 for one that waits to do so"),
    RESIDENT_MEMORY(
            "breakwater_resident_memory_bytes",
            Kind.GAUGE,
            "Resident memory of the process; absent on systems without /proc"),
    GATEWAY_REQUESTS(
            "breakwater_gateway_requests_total",
            Kind.COUNTER,
            "Requests of movers to the gateway",
            "method",
            "type",
            "code"),
    GATEWAY_BYTES(
            "breakwater_gateway_bytes_total",
            Kind.COUNTER,
            "Bytes between movers and the gateway; direction is received or sent",
            "direction"),
    AUDIT_EVENTS(
            "breakwater_audit_events_total",
            Kind.COUNTER,
            "Lines of the audit log; result is Requested, Refused, Finished or Failed",
            "action",
            "result"),
    BUDGET_PLACES(
            "breakwater_budget_places",
            Kind.GAUGE,
            "Places for work of one kind, by Helm value budget; budget is captures, movers or prunes",
            "budget"),
    BUDGET_RUNNING("breakwater_budget_running", Kind.GAUGE, "Work that has a place, also a reserved one", "budget"),
    BUDGET_WAITING("breakwater_budget_waiting", Kind.GAUGE, "Work in the queue for a place", "budget"),
    BUDGET_OLDEST_WAIT(
            "breakwater_budget_oldest_wait_seconds",
            Kind.GAUGE,
            "Time for which the oldest work in the queue has been due; 0 while the queue is empty",
            "budget");

    /** What a metric measures, and how. */
    public enum Kind {
        /** A value that goes up and down. */
        GAUGE,
        /** A sum that only grows while the process runs; its name ends in {@code _total}. */
        COUNTER,
        /** The count, sum and maximum of durations; its name ends in {@code _seconds}. */
        TIMER,
        /** A timer that also counts the durations up to each of a few limits; its labels do not name policies. */
        HISTOGRAM
    }

    private final String exported;
    private final Kind kind;
    private final String description;
    private final List<String> labels;

    MeterName(String exported, Kind kind, String description, String... labels) {
        this.exported = exported;
        this.kind = kind;
        this.description = description;
        this.labels = List.of(labels);
    }

    /**
     * The name that Prometheus sees; of a timer without the endings {@code _count}, {@code _sum} and {@code _max}, of a histogram also
     * without {@code _bucket}.
     */
    public String exported() {
        return exported;
    }

    public Kind kind() {
        return kind;
    }

    /** Base unit, which the exported name ends in: seconds or bytes; null for a number of objects, or 0 and 1. */
    public String unit() {
        String name = withoutTotal();
        return name.endsWith("_seconds") ? "seconds" : name.endsWith("_bytes") ? "bytes" : null;
    }

    /** The HELP text of Prometheus. */
    public String description() {
        return description;
    }

    /** Names of the labels; each time series has all of them. */
    public List<String> labels() {
        return labels;
    }

    /** Whether each policy has a series of its own. Templates are few, so theirs do not count. */
    public boolean isPerPolicy() {
        return labels.contains("policy") && this != TEMPLATE_NAMESPACES;
    }

    /** The name in the registry of Micrometer, which appends {@code _total} and the {@code _seconds} of timers. */
    public String registered() {
        String name =
                kind == Kind.TIMER || kind == Kind.HISTOGRAM ? exported.replaceFirst("_seconds$", "") : withoutTotal();
        return name.replace('_', '.');
    }

    private String withoutTotal() {
        return kind == Kind.COUNTER ? exported.replaceFirst("_total$", "") : exported;
    }
}
