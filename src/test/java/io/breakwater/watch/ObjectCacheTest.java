package io.breakwater.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.observe.StatusWriter;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntryBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ObjectCacheTest {
    private static final Duration AGE = Duration.ofSeconds(10);

    private long nanos = 1;
    private final InMemoryApiServer server = new InMemoryApiServer();
    private final KubernetesClient client = server.client();
    private final SharedInformers informers = new SharedInformers(client);
    private final ObjectCache objects = new ObjectCache(client, informers, new StatusWriter(client), () -> nanos);
    private final SharedIndexInformer<BackupLocation> first = informers.informer(BackupLocation.class);

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void answersWithoutRequests() {
        server.add(location("shop", "disk"), location("bank", "disk"));
        first.run();
        server.reads().clear();

        assertThat(objects.find(BackupLocation.class, "shop", "disk")).isNotNull();
        assertThat(objects.find(BackupLocation.class, "shop", "other")).isNull();
        assertThat(objects.now(location("bank", "disk"))).isNotNull();
        assertThat(objects.in(BackupLocation.class, "shop")).hasSize(1);
        assertThat(objects.all(BackupLocation.class)).hasSize(2);
        assertThat(objects.all(
                        BackupLocation.class,
                        l -> l.getMetadata().getNamespace().equals("bank")))
                .hasSize(1);
        assertThat(server.reads()).isEmpty();
    }

    @Test
    void asksTheApiServerWithoutAnInformer() {
        server.add(location("shop", "disk"));

        assertThat(objects.find(BackupLocation.class, "shop", "disk")).isNotNull();
        assertThat(objects.in(BackupLocation.class, "shop")).hasSize(1);
        assertThat(objects.all(BackupLocation.class)).hasSize(1);
        assertThat(server.reads()).hasSize(3);
    }

    @Test
    void readsWhatThisProcessWroteUntilItIsSeen() {
        server.add(location("shop", "disk"));
        first.run();
        BackupLocation unseen = objects.find(BackupLocation.class, "shop", "disk");
        unseen.getMetadata().setResourceVersion("not-seen-yet");
        server.reads().clear();

        objects.wrote(unseen);
        assertThat(objects.find(BackupLocation.class, "shop", "disk")).isNotNull();
        assertThat(server.reads()).as("reads after the write").hasSize(1);
        assertThat(objects.in(BackupLocation.class, "shop")).hasSize(1);
        assertThat(server.reads()).as("reads once the cache has what was read").hasSize(1);

        objects.wrote(unseen);
        assertThat(objects.in(BackupLocation.class, "shop")).hasSize(1);
        assertThat(server.reads()).hasSize(2);
        assertThat(objects.all(BackupLocation.class)).hasSize(1);
        assertThat(server.reads()).hasSize(2);
    }

    @Test
    void readsForDecisions() {
        server.add(location("shop", "disk"));
        first.run();
        BackupLocation cached = objects.find(BackupLocation.class, "shop", "disk");
        server.reads().clear();

        assertThat(objects.read(cached)).isNotNull();
        assertThat(objects.read(BackupLocation.class, "shop", "disk")).isNotNull();
        assertThat(server.reads()).hasSize(2);
        cached.getMetadata().setUid("another");
        assertThat(objects.read(cached)).as("another object of this name").isNull();
    }

    /** The connection of a watch can lose its events without an end. */
    @Test
    void noticesAChangeThatASilentWatchDoesNotReport() {
        server.add(location("shop", "disk"));
        first.run();
        BackupLocation cached = objects.find(BackupLocation.class, "shop", "disk");
        assertThat(objects.recent(cached, AGE)).isNotNull();
        server.silenceWatches();
        label("disk");

        nanos += AGE.toNanos();
        assertThat(isLabelled(objects.recent(cached, AGE))).isFalse();
        nanos += 1;
        assertThat(isLabelled(objects.recent(cached, AGE))).isTrue();
        assertThat(isLabelled(objects.find(BackupLocation.class, "shop", "disk")))
                .as("what a read has shown")
                .isTrue();
        assertThat(isLabelled(objects.in(BackupLocation.class, "shop").getFirst()))
                .isTrue();
    }

    @Test
    void noticesADeletionThatASilentWatchDoesNotReport() {
        server.add(location("shop", "disk"));
        first.run();
        BackupLocation cached = objects.find(BackupLocation.class, "shop", "disk");
        server.silenceWatches();
        client.resource(cached).delete();

        assertThat(objects.find(BackupLocation.class, "shop", "disk")).isNotNull();
        assertThat(objects.read(cached)).isNull();
        assertThat(objects.find(BackupLocation.class, "shop", "disk")).isNull();
        assertThat(objects.all(BackupLocation.class)).isEmpty();
    }

    /** A read that took long must not hide a later write of this process. */
    @Test
    void hasItsOwnWriteAfterAnEarlierRead() {
        server.add(location("shop", "disk"));
        first.run();
        BackupLocation cached = objects.find(BackupLocation.class, "shop", "disk");
        server.silenceWatches();
        label("disk");
        objects.read(cached);
        BackupLocation own = objects.find(BackupLocation.class, "shop", "disk");
        own.getMetadata().setLabels(Map.of("changed", "again"));
        objects.wrote(client.resource(own).update());

        assertThat(objects.find(BackupLocation.class, "shop", "disk")
                        .getMetadata()
                        .getLabels())
                .containsEntry("changed", "again");
    }

    @Test
    void needsNoReadOfARecentObject() {
        server.add(location("shop", "disk"));
        first.run();
        BackupLocation cached = objects.find(BackupLocation.class, "shop", "disk");
        objects.recent(cached, AGE);
        nanos += AGE.toNanos() + 1;
        objects.read(cached);
        server.reads().clear();

        nanos += AGE.toNanos();
        assertThat(objects.recent(cached, AGE)).isNotNull();
        assertThat(server.reads()).isEmpty();
    }

    private void label(String name) {
        BackupLocation changed = client.resources(BackupLocation.class)
                .inNamespace("shop")
                .withName(name)
                .get();
        changed.getMetadata().setLabels(Map.of("changed", "true"));
        client.resource(changed).update();
    }

    private static boolean isLabelled(BackupLocation location) {
        return location.getMetadata().getLabels() != null
                && location.getMetadata().getLabels().containsKey("changed");
    }

    @Test
    void answersWithCopiesWithoutManagedFields() {
        server.add(location("shop", "disk"));
        first.run();

        objects.find(BackupLocation.class, "shop", "disk").getMetadata().setLabels(Map.of("changed", "true"));
        objects.in(BackupLocation.class, "shop").getFirst().getMetadata().setLabels(Map.of("changed", "true"));

        BackupLocation again = objects.find(BackupLocation.class, "shop", "disk");
        assertThat(again.getMetadata().getLabels()).isNullOrEmpty();
        assertThat(again.getMetadata().getManagedFields()).isEmpty();
    }

    @Test
    void sharesOneListAndOneWatch() {
        server.add(location("shop", "disk"));
        List<String> seen = new CopyOnWriteArrayList<>();
        SharedIndexInformer<BackupLocation> second = informers
                .client()
                .resources(BackupLocation.class)
                .inAnyNamespace()
                .withLabelSelector((String) null)
                .withLimit(7L)
                .runnableInformer(0);
        first.addEventHandler(new NameHandler("first ", seen)).run();
        second.addEventHandler(new NameHandler("second ", seen)).run();

        await().until(() -> seen.containsAll(List.of("first disk", "second disk")));
        assertThat(lists()).as("lists").isEqualTo(1);
        assertThat(second.getStore().getByKey("shop/disk"))
                .isSameAs(first.getStore().getByKey("shop/disk"));

        first.stop();
        server.add(location("shop", "later"));
        await().until(() -> seen.contains("second later"));
        assertThat(seen).doesNotContain("first later");

        second.stop();
        server.reads().clear();
        assertThat(objects.in(BackupLocation.class, "shop")).hasSize(2);
        assertThat(server.reads()).as("reads without a user").hasSize(1);
    }

    @Test
    void doesNotShareInformersOfSomeObjects() {
        first.run();

        SharedIndexInformer<BackupLocation> labelled = informers
                .client()
                .resources(BackupLocation.class)
                .inAnyNamespace()
                .withLabelSelector("a=b")
                .runnableInformer(0);
        SharedIndexInformer<BackupLocation> ofNamespace = informers
                .client()
                .resources(BackupLocation.class)
                .inNamespace("shop")
                .runnableInformer(0);

        assertThat(labelled).isNotInstanceOf(InformerUser.class);
        assertThat(ofNamespace).isNotInstanceOf(InformerUser.class);
    }

    private long lists() {
        return server.reads().stream()
                .filter(path -> !path.contains("watch=true"))
                .count();
    }

    private record NameHandler(String prefix, List<String> seen) implements ResourceEventHandler<BackupLocation> {
        @Override
        public void onAdd(BackupLocation location) {
            seen.add(prefix + location.getMetadata().getName());
        }

        @Override
        public void onUpdate(BackupLocation before, BackupLocation location) {}

        @Override
        public void onDelete(BackupLocation location, boolean unknown) {}
    }

    private static BackupLocation location(String namespace, String name) {
        BackupLocation location = new BackupLocation();
        location.setMetadata(new ObjectMetaBuilder()
                .withNamespace(namespace)
                .withName(name)
                .withManagedFields(
                        new ManagedFieldsEntryBuilder().withManager("test").build())
                .build());
        location.setSpec(new BackupLocationSpec());
        return location;
    }
}
