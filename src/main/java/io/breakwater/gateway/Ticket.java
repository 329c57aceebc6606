package io.breakwater.gateway;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.breakwater.gateway.Repositories.Mode;

/**
 * What one mover may do: one repository, one kind of access, one holder. Signed by the operator, and worth nothing without a
 * ServiceAccount token of its holder.
 *
 * @param locationNamespace namespace of the BackupLocation
 * @param location name of the BackupLocation
 * @param site site that the repository belongs to
 * @param namespace namespace that the repository belongs to
 * @param mode what may be done
 * @param holder user name of the ServiceAccount, {@code system:serviceaccount:<namespace>:<name>}
 * @param fence the epoch that writes belong to; null without a plan
 * @param expires seconds since 1970 after which it is worth nothing
 * @param unlimited true where no quota holds; null, as in tickets of older versions, where it does
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Ticket(
        String locationNamespace,
        String location,
        String site,
        String namespace,
        Mode mode,
        String holder,
        Fence fence,
        long expires,
        Boolean unlimited) {

    /** A ticket for which the quota holds. */
    Ticket(
            String locationNamespace,
            String location,
            String site,
            String namespace,
            Mode mode,
            String holder,
            Fence fence,
            long expires) {
        this(locationNamespace, location, site, namespace, mode, holder, fence, expires, null);
    }

    /** Whether what is written with it has to stay within the quota: whoever removes needs room for that. */
    boolean isLimited() {
        return mode == Mode.APPEND && !Boolean.TRUE.equals(unlimited);
    }

    /**
     * The lease that writes depend on.
     *
     * @param locationNamespace namespace of the rendezvous location
     * @param location name of the rendezvous location
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Fence(String locationNamespace, String location, String namespace, String plan, long epoch) {}
}
