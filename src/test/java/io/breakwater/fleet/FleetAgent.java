package io.breakwater.fleet;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.ProtectionDomain;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Gives the process of the operator a virtual time, and obeys the test over a connection. Each request is a line: {@code advance
 * N} moves the time to N nanoseconds after the start, {@code settle} waits until no thread works, {@code heap} collects the
 * garbage. Each answer is a line of numbers.
 */
public final class FleetAgent {
    private static final String TIME = "io/breakwater/fleet/FleetTime";
    private static final Map<String, String> CALLS = calls();

    /** Packages whose timeouts guard real connections, so they need the real time. */
    private static final List<String> REAL = List.of(
            "io/breakwater/tls/",
            "io/breakwater/store/endpoint/",
            "io/breakwater/store/ListingBound",
            "io/breakwater/gateway/",
            "io/breakwater/fleet/");

    private static final String TIMERS = "io/javaoperatorsdk/operator/processing/event/source/timer/TimerEventSource";

    /** Threads of this process, as the kernel sees them. A thread that was woken and does not run yet is running there. */
    private static final File TASKS = new File("/proc/self/task");

    private static final Map<String, TaskState> STATES = new HashMap<>();

    /** Threads whose work has no effect. */
    private static final Set<String> OTHERS = Set.of("(C1 CompilerThre)", "(C2 CompilerThre)", "(fleet-agent)");

    private static final Duration PAUSE = Duration.ofNanos(300_000);

    private FleetAgent() {}

    private static Map<String, String> calls() {
        Map<String, String> calls = new LinkedHashMap<>();
        for (String call : List.of(
                "java/time/Clock.systemUTC ()Ljava/time/Clock;",
                "java/time/Instant.now ()Ljava/time/Instant;",
                "java/lang/System.nanoTime ()J",
                "java/lang/System.currentTimeMillis ()J",
                "java/lang/Thread.sleep (J)V",
                "java/lang/Thread.sleep (Ljava/time/Duration;)V",
                "java/util/concurrent/locks/LockSupport.parkNanos (J)V")) {
            calls.put(call, TIME);
        }
        return calls;
    }

    /**
     * Called by the JVM before the application starts.
     *
     * @param arguments {@code <port>,<start>}: where the test listens, and the time that the process starts with
     */
    public static void premain(String arguments, Instrumentation jvm) throws IOException {
        String[] parts = arguments.split(",", 2);
        FleetTime.begin(Instant.parse(parts[1]));
        jvm.addTransformer(new ClassFileTransformer() {
            @Override
            public byte[] transform(ClassLoader by, String name, Class<?> old, ProtectionDomain domain, byte[] file) {
                return name == null ? null : transformed(name, file);
            }
        });
        Socket test = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(parts[0]));
        Thread thread = new Thread(() -> obey(test), "fleet-agent");
        thread.setDaemon(true);
        thread.start();
    }

    private static byte[] transformed(String name, byte[] file) {
        if (name.startsWith(TIMERS)) {
            byte[] tasks =
                    new ConstantPool(file).withNames("java/util/TimerTask", "io/breakwater/fleet/FleetTimer$Task");
            return new ConstantPool(tasks).withNames("java/util/Timer", "io/breakwater/fleet/FleetTimer");
        }
        return name.startsWith("io/breakwater/") && REAL.stream().noneMatch(name::startsWith)
                ? new ConstantPool(file).withCallsOf(CALLS)
                : null;
    }

    private static void obey(Socket test) {
        try (test;
                BufferedReader in =
                        new BufferedReader(new InputStreamReader(test.getInputStream(), StandardCharsets.US_ASCII));
                PrintStream out = new PrintStream(test.getOutputStream(), true, StandardCharsets.US_ASCII)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] words = line.split(" ", 2);
                switch (words[0]) {
                    case "advance" -> FleetTime.advance(Long.parseLong(words[1]));
                    case "heap" -> System.gc();
                    default -> {}
                }
                settle();
                out.println(FleetTime.next() + " " + used());
            }
        } catch (IOException | InterruptedException e) {
            System.err.println("the connection to the test ended: " + e);
        }
        Runtime.getRuntime().halt(0); // the test ended
    }

    private static long used() {
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /**
     * Waits until no thread works. The threads are looked at one after the other, so work that moves from one to another can be
     * missed. Then a thread has run since the last look.
     */
    private static void settle() throws InterruptedException, IOException {
        for (long before = -1, now; ; before = now) {
            Thread.sleep(PAUSE);
            now = isIdle() ? switches() : -1;
            if (now >= 0 && now == before) {
                return;
            }
        }
    }

    /** How often threads have started to run, in all; -1 when one of them has just ended. */
    private static long switches() {
        long sum = 0;
        for (String task : STATES.keySet()) {
            try {
                List<String> status = Files.readAllLines(TASKS.toPath().resolve(task + "/status"));
                if (OTHERS.contains(
                        "(" + status.getFirst().substring("Name:".length()).strip() + ")")) {
                    continue;
                }
                for (String line : status) {
                    if (line.contains("ctxt_switches:")) {
                        sum += Long.parseLong(
                                line.substring(line.indexOf(':') + 1).strip());
                    }
                }
            } catch (IOException e) {
                return -1;
            }
        }
        return sum;
    }

    private static boolean isIdle() throws IOException {
        Set<String> tasks = Set.of(TASKS.list());
        STATES.keySet().retainAll(tasks);
        for (String task : tasks) {
            try {
                if (!STATES.computeIfAbsent(task, FleetAgent::open).sleeps()) {
                    return false;
                }
            } catch (IOException | UncheckedIOException e) {
                STATES.remove(task);
                return false; // it has just ended
            }
        }
        return true;
    }

    private static TaskState open(String task) {
        try {
            return new TaskState(new File(TASKS, task + "/stat"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The state of one thread. The file stays open, since it is read thousands of times. */
    private static final class TaskState {
        private final RandomAccessFile file;
        private final byte[] start = new byte[64];

        TaskState(File stat) throws IOException {
            this.file = new RandomAccessFile(stat, "r");
        }

        /** Whether the thread waits, or is one that always runs. */
        boolean sleeps() throws IOException {
            file.seek(0);
            String line = new String(start, 0, Math.max(0, file.read(start)), StandardCharsets.ISO_8859_1);
            int end = line.lastIndexOf(')') + 1;
            if (end == 0) {
                throw new IOException("the thread has ended");
            }
            return line.charAt(end + 1) == 'S' || OTHERS.contains(line.substring(line.indexOf('('), end));
        }
    }
}
