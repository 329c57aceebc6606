package io.breakwater.election;

import io.breakwater.api.ServerMessage;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.quarkus.runtime.Quarkus;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Decides which pod of a Deployment leads. A process without an identity in its configuration is alone, and leads at once.
 *
 * <p>A leader that does not reach the API server leads on: no other pod can use the API server through it, and its leases must be
 * renewed at the store. The election is no fence. Two processes of one site may lead for some seconds, and all that they write to
 * leases and gates depends on what was read. A leader ends its process as soon as it sees that another pod leads.
 */
@ApplicationScoped
public class LeaderElection {
    private static final Logger LOG = Logger.getLogger(LeaderElection.class);
    private static final Duration INTERVAL = Duration.ofSeconds(2);

    /** What a process does when it begins to lead, and when another pod leads in its place. */
    interface Duties {
        /** Called once, on a thread of its own. */
        void begin();

        /** Called once, after {@link #begin}. */
        void end();
    }

    private final LeaderLease lease;
    private final String pod;
    private volatile boolean leads;
    private volatile Thread thread;

    @Inject
    public LeaderElection(KubernetesClient client, BreakwaterConfig config, Meters meters, Clock clock) {
        this(
                config.election()
                        .identity()
                        .map(pod -> new LeaderLease(
                                client,
                                config.namespace(),
                                "breakwater-" + config.role(),
                                pod,
                                clock,
                                System::nanoTime))
                        .orElse(null),
                config.election().identity().orElse("this process"));
        if (lease != null) {
            meters.gauge(MeterName.LEADER, () -> leads ? 1 : 0);
        }
    }

    /** @param lease null without competitors */
    LeaderElection(LeaderLease lease, String pod) {
        this.lease = lease;
        this.pod = pod;
    }

    /** Starts to compete. A process without competitors begins in the thread of the caller. */
    public void start(Runnable begin) {
        Duties exits = new Duties() {
            @Override
            public void begin() {
                try {
                    begin.run();
                } catch (RuntimeException e) {
                    LOG.error("could not start the controllers, so this process ends", e);
                    Quarkus.asyncExit(1);
                }
            }

            @Override
            public void end() {
                Quarkus.asyncExit(1);
            }
        };
        if (lease == null) {
            leads = true;
            begin.run();
            return;
        }
        thread = Thread.ofPlatform().daemon().name("leader election").start(() -> compete(exits));
    }

    /** Whether this process runs the controllers, or starts them at this moment. */
    public boolean leads() {
        return leads;
    }

    /** Ends the competition. A leader lets the next pod lead at once. */
    public void stop() {
        Thread competing = thread;
        if (competing == null) {
            return;
        }
        competing.interrupt();
        try {
            competing.join(INTERVAL);
            lease.release();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (KubernetesClientException e) {
            LOG.warnf("could not give back the leadership; the next pod waits: %s", ServerMessage.of(e));
        }
    }

    private void compete(Duties given) {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                if (!round(given)) {
                    return;
                }
            } catch (KubernetesClientException e) {
                LOG.warnf("could not ask who leads, will retry in %s: %s", INTERVAL, ServerMessage.of(e));
            } catch (RuntimeException e) {
                LOG.errorf(e, "could not find out who leads, will retry in %s", INTERVAL);
            }
            pause();
        }
    }

    /** One attempt; returns whether to make another one. */
    boolean round(Duties given) {
        Optional<String> leader = lease.attempt();
        boolean chosen = leader.filter(pod::equals).isPresent();
        if (chosen && !leads) {
            leads = true;
            LOG.infof("%s leads", pod);
            Thread.ofPlatform().name("lead").start(given::begin);
        }
        if (leads && leader.isPresent() && !chosen) {
            LOG.errorf("%s leads instead of %s, which ends", leader.get(), pod);
            given.end();
            return false;
        }
        return true;
    }

    private static void pause() {
        try {
            TimeUnit.NANOSECONDS.sleep(INTERVAL.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
