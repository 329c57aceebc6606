package io.breakwater.gateway;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.breakwater.gateway.Repositories.Mode;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.OwnedRepository;
import java.time.Instant;

/**
 * The permission of one task: one repository, one kind of access, one holder, one owner. The operator signs it. It is valid only
 * together with a ServiceAccount token of its holder, from a pod of its owner, while the owner exists.
 *
 * @param locationNamespace namespace of the BackupLocation
 * @param location name of the BackupLocation
 * @param repository id of the repository
 * @param source the owner of the repository that the task is about, for the quota and for messages
 * @param mode permitted kind of access
 * @param holder user name of the ServiceAccount, {@code system:serviceaccount:<namespace>:<name>}
 * @param owner the object that was created for the task; a ticket without one is refused
 * @param fence the epoch that writes belong to; null without a plan
 * @param expires end of its validity, in seconds since 1970
 * @param unlimited true where no quota applies; null where a quota applies
 * @param leaseId lease of the plan that the task belongs to; null without a plan, like the following fields
 * @param runId run of the plan
 * @param sequence number of the ticket in the run
 * @param storeTime store time at which the ticket was issued, RFC 3339 in UTC
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Ticket(
        String locationNamespace,
        String location,
        String repository,
        CapturedNamespace source,
        Mode mode,
        String holder,
        Owner owner,
        Fence fence,
        long expires,
        Boolean unlimited,
        String leaseId,
        String runId,
        Long sequence,
        String storeTime) {

    /** Whether a quota limits the writes. A mover that deletes data needs room to do so. */
    boolean isLimited() {
        return mode == Mode.APPEND && !Boolean.TRUE.equals(unlimited);
    }

    /**
     * The object that a ticket belongs to. The uid identifies it: a later object of the same name has another one.
     *
     * @param kind {@link #JOB}
     */
    public record Owner(String kind, String namespace, String name, String uid) {
        /** Kind of a Job: the ticket is valid until the Job ends. */
        public static final String JOB = "Job";

        @Override
        public String toString() {
            return kind + " " + namespace + "/" + name;
        }
    }

    /**
     * The lease that writes depend on.
     *
     * @param locationNamespace namespace of the rendezvous location
     * @param location name of the rendezvous location
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Fence(String locationNamespace, String location, String namespace, String plan, long epoch) {}

    /** Builds a ticket by the names of its fields. By default a quota applies, and writes depend on no lease. */
    static final class Draft {
        private String locationNamespace;
        private String location;
        private OwnedRepository repository;
        private Mode mode;
        private String holder;
        private Owner owner;
        private Fence fence;
        private Instant expires;
        private boolean unlimited;

        /** The BackupLocation. */
        Draft location(String inNamespace, String name) {
            locationNamespace = inNamespace;
            location = name;
            return this;
        }

        /** The repository in the location. */
        Draft repository(OwnedRepository value) {
            repository = value;
            return this;
        }

        Draft mode(Mode value) {
            mode = value;
            return this;
        }

        Draft holder(String user) {
            holder = user;
            return this;
        }

        Draft owner(Owner value) {
            owner = value;
            return this;
        }

        /** @param value null for none */
        Draft fence(Fence value) {
            fence = value;
            return this;
        }

        Draft expires(Instant at) {
            expires = at;
            return this;
        }

        Draft unlimited(boolean value) {
            unlimited = value;
            return this;
        }

        Ticket build() {
            return new Ticket(
                    locationNamespace,
                    location,
                    repository.id(),
                    repository.source(),
                    mode,
                    holder,
                    owner,
                    fence,
                    expires.getEpochSecond(),
                    unlimited ? true : null,
                    null,
                    null,
                    null,
                    null);
        }
    }
}
