package io.breakwater;

import com.sun.management.OperatingSystemMXBean;
import io.breakwater.steps.PeriodicWork;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Returns the memory of past work to the node. The serial collector returns memory only after a full collection, and a process
 * at rest needs none: without this class, its resident memory stays at the peak of its work. While the process works, and in the
 * five minutes after a collection, it does nothing.
 */
@ApplicationScoped
class IdleCollector {
    /** Interval of the looks. */
    static final Duration LOOK = Duration.ofSeconds(30);

    /** The least time between two collections. */
    static final Duration LEAST = Duration.ofMinutes(5);

    /** The largest share of one core that a process at rest uses. */
    private static final double REST = 0.25;

    /** Growth of the heap, in bytes, that is worth a collection. */
    static final long WORTH = 4L << 20;

    private final LongSupplier nanos;
    private final LongSupplier cpu;
    private final LongSupplier committed;
    private final Runnable collection;
    private final PeriodicWork work = new PeriodicWork("return unused memory", LOOK, this::look);
    private long lookedAt;
    private long cpuThen;
    private long collectedAt;
    private long kept;

    IdleCollector() {
        this(System::nanoTime, IdleCollector::processCpu, Runtime.getRuntime()::totalMemory, System::gc);
    }

    /**
     * A collector.
     *
     * @param nanos a monotonic clock
     * @param cpu time that all cores have spent for this process, in nanoseconds
     * @param committed bytes of memory that the heap has
     * @param collection collects the garbage
     */
    IdleCollector(LongSupplier nanos, LongSupplier cpu, LongSupplier committed, Runnable collection) {
        this.nanos = nanos;
        this.cpu = cpu;
        this.committed = committed;
        this.collection = collection;
        this.lookedAt = nanos.getAsLong();
        this.cpuThen = cpu.getAsLong();
        this.collectedAt = lookedAt - LEAST.toNanos();
    }

    private static long processCpu() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }

    void start(@Observes StartupEvent event) {
        work.start();
    }

    void stop(@Observes ShutdownEvent event) {
        work.stop();
    }

    /** Collects the garbage if the process is at rest, its heap has grown, and the last collection was long ago. */
    void look() {
        long now = nanos.getAsLong();
        long cpuNow = cpu.getAsLong();
        boolean rests = cpuNow - cpuThen < REST * (now - lookedAt);
        lookedAt = now;
        cpuThen = cpuNow;
        if (rests && now - collectedAt >= LEAST.toNanos() && committed.getAsLong() - kept >= WORTH) {
            collection.run();
            collectedAt = now;
            kept = committed.getAsLong();
        }
    }
}
