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
 * What customers hold in their hands: every entry that a shop was sent, in order, and when it was acknowledged. It lives
 * outside of the clusters, so it knows what they should have.
 *
 * <p>Entries are sent one after the other, the next one only after the last was acknowledged. The state of any one moment
 * therefore is a beginning of the list without a gap, which makes a damaged or mixed restore visible. Thread-safe.
 */
final class AcknowledgedOrders {
    /**
     * One promise.
     *
     * @param id sorts in the order of sending
     * @param content what was sent, or its checksum
     */
    record Entry(String id, String content) {}

    private record Sent(Entry entry, Instant sentAt, Instant acknowledgedAt) {}

    /**
     * How a shop's content differs from what was promised.
     *
     * @param missing acknowledged, but not there
     * @param altered there with another content
     * @param foreign there, but never sent, or known to have been rolled back
     */
    record Difference(List<String> missing, List<String> altered, List<String> foreign) {
        boolean none() {
            return missing.isEmpty() && altered.isEmpty() && foreign.isEmpty();
        }
    }

    /**
     * What was lost.
     *
     * @param entries acknowledged entries that are not there
     * @param time from the last acknowledgement before the loss to the last one that is lost; zero if none is
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

    /** Number of acknowledged entries that count. */
    synchronized int acknowledged() {
        return (int)
                sent.values().stream().filter(s -> s.acknowledgedAt() != null).count();
    }

    /** Number of entries that were sent, acknowledged or not. */
    synchronized int sent() {
        return sent.size();
    }

    /** The entries that were acknowledged, to compare a shop with later while more come in. */
    synchronized List<Entry> promises() {
        return sent.values().stream()
                .filter(s -> s.acknowledgedAt() != null)
                .map(Sent::entry)
                .toList();
    }

    /** Compares what a shop has with promises that were made before it was asked. */
    synchronized Difference compare(Collection<Entry> promises, Collection<Entry> stored) {
        Map<String, String> there = stored.stream().collect(Collectors.toMap(Entry::id, Entry::content));
        var missing = new ArrayList<String>();
        promises.stream().map(Entry::id).filter(id -> !there.containsKey(id)).forEach(missing::add);
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
     * Checks that a shop holds the state of one moment: a beginning of the list without a gap.
     *
     * @return how many entries it holds
     * @throws AssertionError when something is altered, foreign, or missing in the middle
     */
    synchronized int moment(Collection<Entry> stored) {
        Difference difference = compare(List.of(), stored);
        if (!difference.none()) {
            throw new AssertionError("not what was sent: " + difference);
        }
        List<String> ids = stored.stream().map(Entry::id).sorted().toList();
        List<String> expected = sent.keySet().stream().limit(ids.size()).toList();
        if (!ids.equals(expected)) {
            List<String> gap =
                    expected.stream().filter(id -> !ids.contains(id)).limit(10).toList();
            throw new AssertionError("%d entries, but not the first %d that were sent: %s … are missing in the middle"
                    .formatted(ids.size(), ids.size(), gap));
        }
        return ids.size();
    }

    /**
     * What is lost of everything acknowledged so far. What was lost must have been one stretch: orders from before it are
     * there, and those from after it, if customers were served again meanwhile.
     *
     * @throws AssertionError when something that is there lies between two that are lost
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
            throw new AssertionError("%d entries between %s and %s are lost, but not all: not the state of one moment"
                    .formatted(
                            lost.size(),
                            given.get(begin).entry().id(),
                            given.get(end).entry().id()));
        }
        Instant from =
                begin == 0 ? given.getFirst().sentAt() : given.get(begin - 1).acknowledgedAt();
        return new Loss(lost.size(), Duration.between(from, given.get(end).acknowledgedAt()));
    }

    /** Accepts that the shop was set back: what it does not have is not owed any more, and must not reappear. */
    synchronized void settle(Collection<Entry> stored) {
        var there = stored.stream().map(Entry::id).collect(Collectors.toSet());
        sent.keySet().retainAll(there);
    }
}
