package io.breakwater.testing;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Calls a parser with altered inputs for a while. The parser must accept or refuse each of them with its own error, and may not
 * allocate more than a limit. The time is a budget: {@code breakwater.fuzz.seconds}, 5 by default, and 600 with {@code dev/test
 * --long}. {@code breakwater.seed} repeats a run; the input that failed is in {@code target/fuzz}.
 */
public final class ParserFuzz {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** A parser; it may throw what it likes. */
    @FunctionalInterface
    public interface Parser {
        void parse(byte[] input) throws Exception;
    }

    private final String name;
    private final List<byte[]> samples = new ArrayList<>();
    private Predicate<Throwable> refusal = e -> false;
    private UnaryOperator<byte[]> encoding = UnaryOperator.identity();
    private int longest = 1 << 20;
    private long allocation = 64L << 20;

    /** @param name of the parser */
    public ParserFuzz(String name) {
        this.name = name;
    }

    /** Adds a valid input. */
    public ParserFuzz sample(byte[] valid) {
        samples.add(valid);
        return this;
    }

    /** Adds a valid input. */
    public ParserFuzz sample(String valid) {
        return sample(valid.getBytes(StandardCharsets.UTF_8));
    }

    /** The errors by which the parser refuses an input. */
    public ParserFuzz refusals(Predicate<Throwable> declared) {
        this.refusal = declared;
        return this;
    }

    /** What is done to an altered sample before it is parsed, for example compression. Half of the inputs are altered after it. */
    public ParserFuzz encoding(UnaryOperator<byte[]> of) {
        this.encoding = of;
        return this;
    }

    /** Number of bytes of the longest input. */
    public ParserFuzz longest(int bytes) {
        this.longest = bytes;
        return this;
    }

    /** Number of bytes that the parser may allocate for one input. */
    public ParserFuzz allocation(long bytes) {
        this.allocation = bytes;
        return this;
    }

    /** Runs the parser until the time is over. */
    public void run(Parser parser) {
        long seed = Long.getLong("breakwater.seed", 1);
        Duration budget = Duration.ofSeconds(Integer.getInteger("breakwater.fuzz.seconds", 5));
        for (byte[] sample : samples) {
            // Loads the classes, and shows that the samples are valid.
            call(parser, encoding.apply(sample), e -> false, Long.MAX_VALUE, "a valid sample");
        }
        List<byte[]> encoded = samples.stream().map(encoding).toList();
        Random random = new Random(seed);
        InputMutation before = new InputMutation(random, samples, longest);
        InputMutation after = new InputMutation(random, encoded, longest);
        long end = System.nanoTime() + budget.toNanos();
        long inputs = 0;
        while (System.nanoTime() < end) {
            byte[] input = random.nextBoolean() ? encoding.apply(before.next()) : after.next();
            call(parser, input, refusal, allocation, "input " + inputs + " of seed " + seed);
            inputs++;
        }
        System.out.printf("random: %s, %d inputs from seed %d%n", name, inputs, seed);
    }

    private void call(Parser parser, byte[] input, Predicate<Throwable> declared, long most, String which) {
        long thread = Thread.currentThread().threadId();
        long start = THREADS.getThreadAllocatedBytes(thread);
        Throwable thrown = null;
        try {
            parser.parse(input);
        } catch (Throwable e) {
            thrown = e;
        }
        long allocated = THREADS.getThreadAllocatedBytes(thread) - start;
        if (thrown != null && !declared.test(thrown)) {
            throw new AssertionError(name + ", " + which + ", " + saved(input) + ": " + thrown, thrown);
        }
        if (allocated > most) {
            throw new AssertionError(
                    name + ", " + which + ", " + saved(input) + ": allocated " + allocated + " bytes for "
                            + input.length,
                    thrown);
        }
    }

    private String saved(byte[] input) {
        try {
            Path file = Path.of("target/fuzz", name.replace(' ', '-') + ".bin");
            Files.createDirectories(file.getParent());
            Files.write(file, input);
            return file.toString();
        } catch (IOException e) {
            return "not saved: " + e;
        }
    }
}
