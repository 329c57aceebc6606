package io.breakwater.rotation;

import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.Reason;
import io.breakwater.rotation.RotationResult.Told;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What a user is told of the keys of a location. */
record RotationReport(
        String secret, Set<String> atHand, String writing, KeyUse use, KeySwitch turn, KeyTakeover.Rest rest) {
    private static final int SHOWN = 5;
    private static final int LISTED = 16;
    private static final String ALL_OPEN = "everything here can be opened with the master keys at hand";

    /** The usual case: one key, and nothing that needs another. */
    static RotationResult quiet(String writing, boolean turned, boolean writable) {
        Told rotated = new Told(true, Reason.Ready, "everything here is written with master key " + writing);
        return new RotationResult(
                writing,
                turned,
                List.of(key(writing, true, null)),
                0,
                new Told(true, Reason.Ready, ALL_OPEN),
                writable ? rotated : null,
                false);
    }

    RotationResult outcome(boolean turned, boolean writable, Set<String> known) {
        Set<String> ids = new TreeSet<>(known);
        ids.addAll(atHand);
        ids.addAll(use.keys());
        Set<String> missing = new TreeSet<>(use.keys());
        missing.removeAll(atHand);
        int unread = missing.stream()
                .mapToInt(id -> use.points(id).size() + use.repositories(id).size())
                .sum();
        Told readable = unread == 0
                ? new Told(true, Reason.Ready, ALL_OPEN)
                : new Told(false, Reason.KeyMismatch, unreadable(missing));
        return new RotationResult(
                writing,
                turned,
                ids.stream()
                        .limit(LISTED)
                        .map(id -> key(id, atHand.contains(id), use))
                        .toList(),
                unread,
                readable,
                writable ? rotated(missing) : null,
                !rest.running().isEmpty());
    }

    private String unreadable(Set<String> missing) {
        List<String> parts = new ArrayList<>();
        for (String id : missing) {
            parts.add("master key " + id + " is not in Secret " + secret + ", and no other one opens " + things(id)
                    + "; put it back as masterKey." + id + ": nothing is lost");
        }
        return String.join(". ", parts);
    }

    private Told rotated(Set<String> missing) {
        if (turn instanceof KeySwitch.Wait(var sites)) {
            List<String> who = sites.stream()
                    .map(s -> s.site() + (s.current() == null ? "" : " (" + s.current() + ")"))
                    .sorted()
                    .toList();
            return new Told(
                    false,
                    Reason.KeyMismatch,
                    "the current master key of Secret " + secret + " is not used yet, and " + writing
                            + " still is: these sites have another one: " + String.join(", ", who)
                            + "; copy the Secret there");
        }
        if (turn instanceof KeySwitch.Go) {
            return new Told(
                    false,
                    Reason.InProgress,
                    "the current master key of Secret " + secret + " is used as soon as it is in escrow");
        }
        if (!rest.failed().isEmpty()) {
            return new Told(false, Reason.MoverFailed, String.join("; ", shortened(rest.failed())));
        }
        if (!rest.left().isEmpty() || !rest.elsewhere().isEmpty()) {
            return new Told(
                    false, Reason.InProgress, "new points are written with master key " + writing + ". " + going());
        }
        Set<String> older = new TreeSet<>(use.keys());
        older.remove(writing);
        older.removeAll(missing);
        if (!older.isEmpty()) {
            return new Told(
                    false,
                    Reason.InProgress,
                    "new points are written with master key " + writing + ". " + older + " still opens "
                            + String.join("; ", older.stream().map(this::things).toList()));
        }
        if (!missing.isEmpty()) {
            return new Told(false, Reason.KeyMismatch, unreadable(missing));
        }
        return new Told(true, Reason.Ready, "everything here can be opened with master key " + writing + removable());
    }

    private String going() {
        List<String> parts = new ArrayList<>();
        if (!rest.left().isEmpty()) {
            parts.add("Repositories that get it next: " + String.join(", ", shortened(rest.left())));
        }
        if (!rest.elsewhere().isEmpty()) {
            parts.add(
                    "Repositories that their own site gives it to: " + String.join(", ", shortened(rest.elsewhere())));
        }
        parts.addAll(shortened(rest.running()));
        return String.join(". ", parts);
    }

    private String removable() {
        Set<String> others = new TreeSet<>(atHand);
        others.remove(writing);
        return others.isEmpty()
                ? ""
                : "; when every location that uses Secret " + secret + " says so, these can be taken out of it: "
                        + String.join(", ", others);
    }

    private String things(String id) {
        List<String> parts = new ArrayList<>();
        if (!use.points(id).isEmpty()) {
            parts.add("points " + String.join(", ", shortened(List.copyOf(use.points(id)))));
        }
        if (!use.repositories(id).isEmpty()) {
            parts.add("repositories " + String.join(", ", shortened(List.copyOf(use.repositories(id)))));
        }
        return String.join(" and ", parts);
    }

    private static List<String> shortened(List<String> all) {
        List<String> sorted = all.stream().sorted().toList();
        if (sorted.size() <= SHOWN) {
            return sorted;
        }
        List<String> some = new ArrayList<>(sorted.subList(0, SHOWN));
        some.add("and " + (sorted.size() - SHOWN) + " more");
        return some;
    }

    private static BackupLocationStatus.Key key(String id, boolean atHand, KeyUse use) {
        BackupLocationStatus.Key key = new BackupLocationStatus.Key();
        key.id = id;
        key.atHand = atHand;
        key.points = use == null ? null : use.points(id).size();
        key.repositories = use == null ? null : use.repositories(id).size();
        return key;
    }
}
