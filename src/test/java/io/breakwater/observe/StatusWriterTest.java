package io.breakwater.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.resource.FakeApiServer;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StatusWriterTest {
    private FakeApiServer api;
    private StatusWriter writer;

    @BeforeEach
    void start() throws IOException {
        api = new FakeApiServer();
        api.serve("breakwater.io/v1alpha1", "BackupLocation", "backuplocations", true);
        writer = new StatusWriter(api.client());
        BackupLocation location = new BackupLocation();
        location.setMetadata(
                new ObjectMetaBuilder().withNamespace("bw").withName("east").build());
        location.setSpec(new BackupLocationSpec());
        api.client().resource(location).create();
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void keepsWhatAnotherWriterReportedSinceTheObjectWasRead() {
        BackupLocation first = read();
        BackupLocation second = read();
        write(first, s -> s.keyId = "one");
        write(second, s -> s.cluster = "two");
        assertThat(read().getStatus().keyId).isEqualTo("one");
        assertThat(read().getStatus().cluster).isEqualTo("two");
        assertThat(second.getStatus().keyId)
                .as("the given object is as the one on the server")
                .isEqualTo("one");
    }

    @Test
    void writesTheSameObjectAgainWithoutReadingIt() {
        BackupLocation location = read();
        write(location, s -> s.keyId = "one");
        api.requests().clear();
        write(location, s -> s.keyId = "two");
        assertThat(api.requests()).extracting(FakeApiServer.Request::method).containsExactly("PATCH");
        assertThat(read().getStatus().keyId).isEqualTo("two");
    }

    @Test
    void writesNothingIfAnotherWriterReportedTheSame() {
        BackupLocation late = read();
        write(read(), s -> s.keyId = "one");
        String version = read().getMetadata().getResourceVersion();
        assertThat(write(late, s -> s.keyId = "one")).isFalse();
        assertThat(read().getMetadata().getResourceVersion()).isEqualTo(version);
    }

    @Test
    void skipsTheStatusOfADeletedObject() {
        BackupLocation deleted = read();
        api.client().resource(deleted).delete();
        assertThat(write(deleted, s -> s.keyId = "one")).isFalse();
        assertThat(deleted.getStatus()).isNull();
        BackupLocation other = createAgain(deleted);
        assertThat(write(deleted, s -> s.keyId = "one")).isFalse();
        assertThat(read().getMetadata().getUid()).isEqualTo(other.getMetadata().getUid());
        assertThat(read().getStatus())
                .as("the other object of the name is left alone")
                .isNull();
    }

    @Test
    void reportsTheLossOfAnObjectThatItsFinalizerProtects() {
        BackupLocation protectedOne = read();
        protectedOne.getMetadata().setFinalizers(List.of(Api.FINALIZER));
        api.client().resource(protectedOne).delete();
        assertThatThrownBy(() -> write(protectedOne, s -> s.keyId = "one"))
                .isInstanceOf(KubernetesClientException.class);
        createAgain(protectedOne);
        assertThatThrownBy(() -> write(protectedOne, s -> s.keyId = "one"))
                .isInstanceOf(KubernetesClientException.class);
        assertThat(read().getStatus()).isNull();
    }

    private boolean write(BackupLocation location, Consumer<BackupLocationStatus> change) {
        return writer.update(location, BackupLocationStatus.class, change);
    }

    private BackupLocation read() {
        return api.client()
                .resources(BackupLocation.class)
                .inNamespace("bw")
                .withName("east")
                .get();
    }

    /** Creates another object with the name and spec of one that is gone. */
    private BackupLocation createAgain(BackupLocation gone) {
        BackupLocation other = new BackupLocation();
        other.setMetadata(new ObjectMetaBuilder()
                .withNamespace("bw")
                .withName(gone.getMetadata().getName())
                .build());
        other.setSpec(gone.getSpec());
        return api.client().resource(other).create();
    }
}
