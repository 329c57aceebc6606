package io.breakwater.lease;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.lease.LeaseKeeper.Clocks;
import io.breakwater.lease.LeaseKeeper.Holding;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One attempt to renew or retire a lease. Only a lease that names another holder or a later epoch means that this site lost it. A
 * lease that is absent, or older than this cluster remembers, proves nothing: stores fail, are emptied and are restored.
 *
 * @param terms what to write, by the version that was read; asked after the read. So a write that follows one with later terms has later
 *     terms too
 * @param end whether to end the lease; asked late, since another attempt may end it while this one reads
 * @param startedAt start of the attempt; a renewal counts from here, however late the answer arrives
 */
record LeaseRenewal(
        LeaseStore store,
        Holding holding,
        Function<Lease, LeaseTerms> terms,
        Supplier<End> end,
        Clocks clocks,
        long startedAt) {
    /** What a renewal does in place of renewing. */
    enum End {
        None,
        Retire,
        Vacate
    }

    /** An attempt that starts now. */
    static LeaseRenewal of(
            LeaseStore store, Holding holding, Function<Lease, LeaseTerms> terms, Supplier<End> end, Clocks clocks) {
        return new LeaseRenewal(
                store, holding, terms, end, clocks, clocks.nanos().getAsLong());
    }

    /** Reads the lease and writes it again; blocks. */
    RenewalAnswer run() {
        Optional<LeaseVersion> seen;
        try {
            seen = store.read();
        } catch (BreakwaterException e) {
            return e.reason() == Reason.SiteNameTaken ? new RenewalAnswer.NotHeld(e.getMessage()) : restore(e);
        }
        if (seen.isEmpty()) {
            return new RenewalAnswer.Failed("the store has no lease");
        }
        Lease lease = seen.get().lease();
        String remembered = ", but this cluster remembers epoch " + holding.epoch();
        if (lease.epoch() < holding.epoch()) {
            return new RenewalAnswer.Failed("the lease went back to epoch " + lease.epoch() + remembered);
        }
        if (!lease.heldBy(holding.site())) {
            return isRetiredBefore(lease)
                    ? new RenewalAnswer.Retired()
                    : new RenewalAnswer.NotHeld("the lease is " + lease.state() + " by site " + lease.holder()
                            + " in epoch " + lease.epoch());
        }
        if (lease.epoch() > holding.epoch()) {
            return new RenewalAnswer.NotHeld("the lease is in epoch " + lease.epoch() + remembered);
        }
        return write(seen.get());
    }

    /** Whether another attempt retired the lease, and its answer was lost or is still on its way. */
    private boolean isRetiredBefore(Lease lease) {
        return end.get() != End.None
                && (lease.state() == Lease.State.Retired || lease.state() == Lease.State.Vacated)
                && lease.epoch() == holding.epoch()
                && lease.holder().equals(holding.site());
    }

    /**
     * A site whose key is not known wrote the lease, and left its epoch, its holder and the cluster of the holder. Such a version changes nothing: the holder
     * writes its own last version again. Otherwise a site with a new key could end the lease of the other one.
     */
    private RenewalAnswer restore(BreakwaterException e) {
        Optional<Lease> own =
                store.memory().verified().filter(l -> l.epoch() == holding.epoch() && l.heldBy(holding.site()));
        if (e.reason() != Reason.Tampered || own.isEmpty()) {
            throw e;
        }
        Optional<LeaseVersion> stated = store.readStated();
        boolean same = stated.map(LeaseVersion::lease)
                .filter(l -> l.epoch() == holding.epoch()
                        && l.holder().equals(holding.site())
                        && Objects.equals(l.cluster(), own.get().cluster()))
                .isPresent();
        if (!same) {
            throw e;
        }
        RenewalAnswer answer =
                write(stated.get(), own.get().afterUnverified(stated.get().lease()));
        if (!(answer instanceof RenewalAnswer.Failed)) {
            store.memory().restored("the holder wrote its own version of the lease again: " + e.getMessage());
        }
        return answer;
    }

    private RenewalAnswer write(LeaseVersion seen) {
        return write(seen, seen.lease());
    }

    private RenewalAnswer write(LeaseVersion seen, Lease basis) {
        long ahead = Duration.between(seen.storeTime(), clocks.wall().instant()).toMillis();
        End ends = basis.state() == Lease.State.Taken ? End.None : end.get();
        LeaseTerms present = terms.apply(basis);
        Lease next = switch (ends) {
            case None -> basis.renewed(present.timing().duration(), present.onLoss(), ahead, seen.renewedAt());
            case Retire -> basis.retired();
            case Vacate -> basis.vacated();
        };
        return store.write(next, Optional.of(seen))
                .<RenewalAnswer>map(written ->
                        ends == End.None ? new RenewalAnswer.Renewed(startedAt, present) : new RenewalAnswer.Retired())
                .orElseGet(() -> new RenewalAnswer.Failed("another process wrote the lease at the same time"));
    }
}
