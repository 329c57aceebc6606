package io.breakwater.rotation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BackupLocation;
import io.breakwater.gateway.RepositoryKeys;
import io.breakwater.location.Stores;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SoftDeleteStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;

/** Movers that change the key files of a repository as the mover program does, at once. Their key files contain the password. */
final class FakeMovers extends MoverJobs {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final LocationKeys keys;
    private final Stores stores;
    private final Random random;
    int added;

    FakeMovers(LocationKeys keys, Stores stores, Random random) {
        super(null, null, null, null);
        this.keys = keys;
        this.stores = stores;
        this.random = random;
    }

    /** Creates a repository, as the mover does. */
    void init(BackupLocation location, String site, String namespace, String keyId, boolean marked) {
        KeyRing ring = keys.ring(location);
        ObjectStore store = TestRegister.visible(stores.open(location), site, namespace);
        TestRegister.create(stores.open(location), site, namespace);
        add(
                store,
                prefix(site, namespace),
                ring.repositoryPassword(keyId, TestRegister.of(site, namespace).id()),
                marked ? keyId : null);
    }

    /** Whether a ring has a password of the repository. */
    static boolean opens(ObjectStore store, KeyRing ring, String site, String namespace) {
        List<String> passwords = ring.repositoryPasswords(
                ring.current(), TestRegister.of(site, namespace).id());
        return read(TestRegister.visible(store, site, namespace), prefix(site, namespace)).stream()
                .anyMatch(f -> passwords.contains(f.password));
    }

    private record File(String name, String host, String password) {}

    @Override
    public State poll(Request request) {
        if (random.nextInt(3) == 0) {
            return new State.Running("waiting for a node");
        }
        String id = ((MoverTask.Rekey) request.task()).keyId();
        OwnedRepository repository = request.access().repository();
        KeyRing ring = keys.ring(request.access().location());
        ObjectStore store = new SoftDeleteStore(stores.open(request.access().location()), repository.deletions());
        String prefix = repository.prefix() + "keys/";
        List<String> passwords = ring.repositoryPasswords(id, repository.id());
        List<File> files = read(store, prefix);
        if (files.stream().noneMatch(f -> passwords.contains(f.password))) {
            return new State.Failed("exit 12: wrong password");
        }
        if (files.stream().noneMatch(f -> isNew(f, id, passwords))) {
            add(store, prefix, passwords.getFirst(), id);
            added++;
            files = read(store, prefix);
        }
        ObjectNode report = JSON.createObjectNode();
        var opening = report.putArray("new");
        var older = report.putArray("old");
        files.stream()
                .filter(f -> passwords.contains(f.password))
                .forEach(f -> (isNew(f, id, passwords) ? opening : older).add(f.name));
        return new State.Succeeded(report);
    }

    private static boolean isNew(File file, String id, List<String> passwords) {
        return file.password.equals(passwords.getFirst())
                && RepositoryKeys.mark(id).equals(file.host);
    }

    @Override
    public void delete(String namespace, String run) {
        // it was over
    }

    private static List<File> read(ObjectStore store, String prefix) {
        List<String> names = new ArrayList<>();
        store.list(prefix, o -> names.add(o.key()));
        return names.stream()
                .map(key -> {
                    try {
                        JsonNode f = JSON.readTree(store.read(key).orElseThrow().content());
                        return new File(
                                key.substring(prefix.length()),
                                f.path("hostname").asText(),
                                f.path("password").asText());
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .toList();
    }

    private static void add(ObjectStore store, String prefix, String password, String id) {
        try {
            byte[] content = JSON.writeValueAsBytes(JSON.createObjectNode()
                    .put("hostname", id == null ? "some-pod" : RepositoryKeys.mark(id))
                    .put("password", password)
                    .put("salt", UUID.randomUUID().toString()));
            String name = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(content));
            store.write(prefix + name, content, Precondition.ABSENT);
        } catch (JsonProcessingException | NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static String prefix(String site, String namespace) {
        return TestRegister.of(site, namespace).prefix() + "keys/";
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
