package io.breakwater.it;

import io.breakwater.it.AcknowledgedOrders.Entry;
import java.io.IOException;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Customers that order all the time. Orders are sent one after the other, each until it is acknowledged, to the shop
 * that answers; sometimes a file is uploaded. All acknowledgements are recorded.
 */
final class OrderStream implements AutoCloseable {
    private static final Duration BETWEEN = Duration.ofMillis(40);
    private static final Duration RETRY = Duration.ofMillis(200);
    private static final int ORDERS_PER_FILE = 40;
    private static final int FILE_SIZE = 64 * 1024;

    /** Acknowledged orders and files. */
    final AcknowledgedOrders orders = new AcknowledgedOrders();

    final AcknowledgedOrders files = new AcknowledgedOrders();

    private final Supplier<List<Shop>> shops;
    private final Random random;
    private final ReentrantLock turn = new ReentrantLock(true);
    private volatile boolean closed;
    private volatile Instant lastAnswer = Instant.now();
    private volatile Duration longestSilence = Duration.ZERO;
    private volatile String servedBy = "no cluster";
    private URI url;

    /**
     * @param shops shops to try, read again each time the current one does not answer
     * @param seed of the random orders
     */
    OrderStream(Supplier<List<Shop>> shops, long seed) {
        this.shops = shops;
        this.random = new Random(seed);
    }

    void start() {
        lastAnswer = Instant.now();
        Thread.ofVirtual().name("orders").start(this::run);
    }

    private void run() {
        while (!closed) {
            for (int i = 0; i < ORDERS_PER_FILE && !closed; i++) {
                long number = random.nextLong();
                Entry order = new Entry(orders.nextId("order"), "article-" + Long.toHexString(number));
                sendUntilAcknowledged(orders, order, shop -> Shop.order(shop, order));
                Progress.pause(BETWEEN);
            }
            byte[] content = new byte[FILE_SIZE];
            random.nextBytes(content);
            Entry file = new Entry(files.nextId("invoice"), sha256(content));
            sendUntilAcknowledged(files, file, shop -> Shop.upload(shop, file.id(), content));
        }
    }

    private interface Attempt {
        boolean at(URI shop) throws IOException, InterruptedException;
    }

    /**
     * Sends an entry until it is acknowledged. The lock is held for one attempt, so that a pause is between two
     * attempts.
     */
    private void sendUntilAcknowledged(AcknowledgedOrders ledger, Entry entry, Attempt attempt) {
        while (!closed) {
            turn.lock();
            try {
                ledger.send(entry, Instant.now());
                if (url != null && attempt.at(url)) {
                    Instant now = Instant.now();
                    ledger.acknowledge(entry, now);
                    answered(now);
                    return;
                }
                url = null;
            } catch (IOException e) {
                url = null; // the answer was lost; the next attempt shows whether the shop has the entry
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } finally {
                turn.unlock();
            }
            findOpenShop();
        }
    }

    /** Finds a shop that is open. */
    private void findOpenShop() {
        for (Shop shop : shops.get()) {
            try {
                URI candidate = shop.url();
                if (Shop.isOpen(candidate)) {
                    servedBy = shop.cluster().name();
                    url = candidate;
                    return;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException e) {
                // The cluster is down, or has no such Service: try the next shop.
            }
        }
        Progress.pause(RETRY);
    }

    private void answered(Instant now) {
        Duration silence = Duration.between(lastAnswer, now);
        if (silence.compareTo(longestSilence) > 0) {
            longestSilence = silence;
        }
        lastAnswer = now;
    }

    /** Runs an action while no order is in progress. */
    void whilePaused(Runnable work) {
        turn.lock();
        try {
            work.run();
        } finally {
            lastAnswer = Instant.now(); // the test caused this pause
            turn.unlock();
        }
    }

    /** Starts the measurement of the longest outage. */
    void watchSilence() {
        longestSilence = Duration.ZERO;
    }

    /** The longest time between two acknowledgements since {@link #watchSilence()}: the outage for a customer. */
    Duration longestSilence() {
        Duration now = Duration.between(lastAnswer, Instant.now());
        return now.compareTo(longestSilence) > 0 ? now : longestSilence;
    }

    /** Name of the cluster whose shop acknowledged last. */
    String servedBy() {
        return url == null ? "no cluster" : servedBy;
    }

    /** The current numbers, for messages. */
    String state() {
        return "%d orders and %d files acknowledged, served by %s"
                .formatted(orders.acknowledged(), files.acknowledged(), servedBy());
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}
