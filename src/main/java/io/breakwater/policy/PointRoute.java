package io.breakwater.policy;

import io.breakwater.api.BackupLocation;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.gateway.Repositories;
import io.breakwater.store.OwnedRepository;
import java.util.List;
import java.util.Optional;

/**
 * The locations to which a policy's points go now.
 *
 * @param location of the first copy
 * @param copies names of the further locations
 * @param epoch of the plan that controls the namespace; 0 without a plan
 * @param guard the epoch that refuses older writes; empty without a plan
 * @param active whether the schedule runs on this site
 */
public record PointRoute(
        BackupLocation location, List<String> copies, long epoch, Optional<EpochGuard.Guard> guard, boolean active) {

    /** Access to a repository in the first location. */
    public Repositories.Access access(OwnedRepository repository, Repositories.Mode mode) {
        return new Repositories.Access(location, repository, mode, guard);
    }
}
