package io.breakwater.it;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The entries that customers sent to a shop, in order, with the time of each acknowledgement. It is stored outside the
 * clusters, so it knows which entries they must have.
 *
 * <p>Entries are sent one after the other, each after the acknowledgement of the previous one. So the state at any
 * moment is a prefix of the list without a gap, which makes a damaged or mixed restore visible. Thread-safe.
 */
final class AcknowledgedOrders {
    /**
     * One entry.
     *
     * @param id sorts in the order of sending
     * @param content the sent content, or its checksum
     */
    record Entry(String id, String content) {}

    private record Sent(Entry entry, Instant sentAt, Instant acknowledgedAt) {}

    /**
     * Differences between the entries of a shop and the acknowledged ones.
     *
     * @param missing acknowledged, but not in the shop
     * @param altered in the shop with another content
     * @param foreign in the shop, but never sent, or known as rolled back
     */
    record Difference(List<String> missing, List<String> altered, List<String> foreign) {
        boolean none() {
            return missing.isEmpty() && altered.isEmpty() && foreign.isEmpty();
        }
    }

    /**
     * Lost entries.
     *
     * @param entries number of acknowledged entries that are not in the shop
     * @param time from the last acknowledgement before the loss to the last lost one; zero without a loss
     */
    record Loss(int entries, Duration time) {}

    private final NavigableMap<String, Sent> sent = new TreeMap<>();
    private long next;

    /** The id of the next entry: its number, so that ids sort in the order of sending. */
    synchronized String nextId(String prefix) {
        return "%s-%08d".formatted(prefix, ++next);
    }

    synchronized void send(Entry entry, Instant at) {
        sent.putIfAbsent(entry.id(), new Sent(entry, at, null));
    }

    synchronized void acknowledge(Entry entry, Instant at) {
        Sent s = sent.get(entry.id());
        sent.put(entry.id(), new Sent(entry, s == null ? at : s.sentAt(), at));
    }

    /** Number of acknowledged entries that were not rolled back. */
    synchronized int acknowledged() {
        return (int)
                sent.values().stream().filter(s -> s.acknowledgedAt() != null).count();
    }

    /** Number of entries that were sent, acknowledged or not. */
    synchronized int sent() {
        return sent.size();
    }

    /** The acknowledged entries, for a comparison with a shop while more entries arrive. */
    synchronized List<Entry> acknowledgedEntries() {
        return sent.values().stream()
                .filter(s -> s.acknowledgedAt() != null)
                .map(Sent::entry)
                .toList();
    }

    /** Compares the entries of a shop with entries that were acknowledged before the shop was read. */
    synchronized Difference compare(Collection<Entry> expected, Collection<Entry> stored) {
        Map<String, String> there = stored.stream().collect(Collectors.toMap(Entry::id, Entry::content));
        var missing = new ArrayList<String>();
        expected.stream().map(Entry::id).filter(id -> !there.containsKey(id)).forEach(missing::add);
        var altered = new ArrayList<String>();
        var foreign = new ArrayList<String>();
        there.forEach((id, content) -> {
            Sent s = sent.get(id);
            if (s == null) {
                foreign.add(id);
            } else if (!s.entry().content().equals(content)) {
                altered.add(id);
            }
        });
        return new Difference(List.copyOf(missing), List.copyOf(altered), List.copyOf(foreign));
    }

    /**
     * Checks that a shop has the state of one moment: a prefix of the list without a gap.
     *
     * @return number of entries in the shop
     * @throws AssertionError if an entry is altered, foreign, or missing in the middle
     */
    synchronized int checkState(Collection<Entry> stored) {
        Difference difference = compare(List.of(), stored);
        if (!difference.none()) {
            throw new AssertionError("entries that were not sent: " + difference);
        }
        List<String> ids = stored.stream().map(Entry::id).sorted().toList();
        List<String> expected = sent.keySet().stream().limit(ids.size()).toList();
        if (!ids.equals(expected)) {
            List<String> gap =
                    expected.stream().filter(id -> !ids.contains(id)).limit(10).toList();
            throw new AssertionError("%d entries, but not the first %d sent ones: %s … are missing in the middle"
                    .formatted(ids.size(), ids.size(), gap));
        }
        return ids.size();
    }

    /**
     * The lost entries of all acknowledged ones. They must be one contiguous part of the list: earlier orders are in
     * the shop, and so are later ones if the shop accepted orders again.
     *
     * @throws AssertionError if an entry between two lost ones is in the shop
     */
    synchronized Loss loss(Collection<Entry> stored) {
        var there = stored.stream().map(Entry::id).collect(Collectors.toSet());
        List<Sent> given =
                sent.values().stream().filter(s -> s.acknowledgedAt() != null).toList();
        List<Integer> lost = IntStream.range(0, given.size())
                .filter(i -> !there.contains(given.get(i).entry().id()))
                .boxed()
                .toList();
        if (lost.isEmpty()) {
            return new Loss(0, Duration.ZERO);
        }
        int begin = lost.getFirst();
        int end = lost.getLast();
        if (end - begin + 1 != lost.size()) {
            throw new AssertionError(
                    "%d entries between %s and %s are lost, but others between them are not: not the state of one moment"
                            .formatted(
                                    lost.size(),
                                    given.get(begin).entry().id(),
                                    given.get(end).entry().id()));
        }
        Instant from =
                begin == 0 ? given.getFirst().sentAt() : given.get(begin - 1).acknowledgedAt();
        return new Loss(lost.size(), Duration.between(from, given.get(end).acknowledgedAt()));
    }

    /** Accepts a rollback of the shop: entries that it does not have are no longer expected, and must not reappear. */
    synchronized void acceptRollback(Collection<Entry> stored) {
        var there = stored.stream().map(Entry::id).collect(Collectors.toSet());
        sent.keySet().retainAll(there);
    }
}
