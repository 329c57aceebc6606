package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.MoverSettings;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.gateway.TestRepositories;
import io.breakwater.location.HandClock;
import io.breakwater.location.TestRegister;
import io.breakwater.steps.RunNames;
import io.breakwater.store.OwnedRepository;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A mover has the passwords of the time when its Job was created. */
class MoverJobsTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private List<String> passwords = List.of("current", "older");
    private final MoverJobs movers = new MoverJobs(
            cluster.client(),
            TestConfig.of(Map.of("breakwater.site", "east", "breakwater.mover.image", "mover")),
            TestRepositories.with(() -> passwords),
            Clock.systemUTC());
    private final MoverJobs.Request request = new MoverJobs.Request(
            "shop",
            "run",
            "id",
            new MoverTask.Verify(List.of("ab".repeat(32))),
            access(TestRegister.of("east", "shop")));

    private static Repositories.Access access(OwnedRepository repository) {
        return new Repositories.Access(null, repository, Repositories.Mode.READ, Optional.empty());
    }

    /** The volume of a point whose snapshots stay in the storage is only mounted. */
    @Test
    void givesATaskWithoutARepositoryNoTicket() {
        MoverJobs.Request mount =
                new MoverJobs.Request("shop", "run", "mount", new MoverTask.Mount("data", false), access(null));

        movers.poll(mount);

        var secret = cluster.client()
                .secrets()
                .inNamespace("shop")
                .withName(RunNames.of("mount"))
                .get();
        assertThat(secret.getData()).containsKey("ca.crt").doesNotContainKey("ticket");
        var job = cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace("shop")
                .withName(RunNames.of("mount"))
                .get();
        assertThat(job.getSpec()
                        .getTemplate()
                        .getSpec()
                        .getContainers()
                        .getFirst()
                        .getEnv())
                .isEmpty();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    /** A mover is looked at once a second. */
    @Test
    void listsThePodsOfAJobOnceForEachLook() {
        movers.poll(request);
        long before = podLists();

        movers.poll(request);

        assertThat(podLists() - before).isEqualTo(1);
    }

    private long podLists() {
        return cluster.reads().stream()
                .filter(path -> path.contains("/namespaces/shop/pods?"))
                .count();
    }

    @Test
    void startsAJobAfterItsSecret() {
        assertThat(movers.poll(request)).isInstanceOf(MoverJobs.State.Running.class);

        String uid = job().getMetadata().getUid();
        assertThat(job().getSpec().getSuspend()).isFalse();
        assertThat(secret().getMetadata().getOwnerReferences()).singleElement().satisfies(owner -> {
            assertThat(owner.getKind()).isEqualTo("Job");
            assertThat(owner.getUid()).isEqualTo(uid);
        });
        assertThat(decoded(secret().getData().get("ticket")))
                .isEqualTo("Job " + uid + " of system:serviceaccount:shop:breakwater-mover");
    }

    /** The operator was killed between the Job and its Secret, and an earlier Job of this name left its Secret. */
    @Test
    void replacesTheSecretOfAnEarlierJob() {
        movers.poll(request);
        String earlier = secret().getData().get("ticket");
        cluster.client().resource(job()).delete();
        cluster.add(new JobBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName(RunNames.of("id"))
                .endMetadata()
                .withNewSpec()
                .withSuspend(true)
                .endSpec()
                .build());

        assertThat(movers.poll(request)).isInstanceOf(MoverJobs.State.Running.class);

        assertThat(job().getSpec().getSuspend()).isFalse();
        assertThat(secret().getData().get("ticket")).isNotEqualTo(earlier);
        assertThat(secret().getMetadata().getOwnerReferences().getFirst().getUid())
                .isEqualTo(job().getMetadata().getUid());
    }

    /** Another user deleted the Secret, or the operator was killed while it replaced it. */
    @Test
    void createsAJobAgainWhosePodWaitsForADeletedSecret() {
        movers.poll(request);
        String first = job().getMetadata().getUid();
        cluster.client().resource(secret()).delete();

        assertThat(movers.poll(request)).isInstanceOf(MoverJobs.State.Running.class);
        assertThat(movers.poll(request)).isInstanceOf(MoverJobs.State.Running.class);

        assertThat(job().getMetadata().getUid()).isNotEqualTo(first);
        assertThat(secret().getMetadata().getOwnerReferences().getFirst().getUid())
                .isEqualTo(job().getMetadata().getUid());
    }

    @Test
    void discardsTheSecretWithTheJob() {
        movers.poll(request);
        movers.discard(request);

        assertThat(job()).isNull();
        assertThat(secret()).isNull();
    }

    /** The Job waited for its pod during a change of the master key, and its password was removed from the repository. */
    @Test
    void restartsAJobWithOutdatedPasswords() {
        ended("exit 12: Fatal: wrong password or no key found");
        passwords = List.of("next", "current");

        assertThat(movers.poll(request)).isInstanceOf(MoverJobs.State.Running.class);
        assertThat(job()).as("the next look makes it again").isNull();
    }

    @Test
    void failsAJobWithCurrentPasswords() {
        ended("exit 12: Fatal: wrong password or no key found");

        assertThat(movers.poll(request)).isInstanceOf(MoverJobs.State.Failed.class);
        assertThat(job()).isNotNull();
    }

    @Test
    void failsAJobForAnyOtherReason() {
        ended("exit 1: Fatal: no space left");
        passwords = List.of("next", "current");

        assertThat(movers.poll(request)).isInstanceOf(MoverJobs.State.Failed.class);
    }

    /** Its run was deleted, or the operator was killed before it deleted the Job. */
    @Test
    void sweepsAJobThatNoRunWaitsFor() {
        HandClock clock = new HandClock();
        MoverJobs polled = new MoverJobs(
                cluster.client(),
                TestConfig.of(Map.of("breakwater.site", "east", "breakwater.mover.image", "mover")),
                TestRepositories.with(() -> passwords),
                clock);
        AbandonedJobSweep sweep = new AbandonedJobSweep(cluster.client(), null, polled, clock);
        polled.poll(request);

        sweep.sweep();
        clock.pass(AbandonedJobSweep.UNPOLLED.plusSeconds(1));
        polled.poll(request);
        sweep.sweep();
        assertThat(job()).as("its run still asks for its state").isNotNull();

        clock.pass(AbandonedJobSweep.UNPOLLED.plusSeconds(1));
        sweep.sweep();
        assertThat(job()).isNull();
        assertThat(secret()).isNull();
    }

    /** Its last call returned before the Job was seen as complete. */
    @Test
    void deletesTheJobThatCreatedARepository() {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setUid("uid-of-location");
        OwnedRepository repository = TestRegister.of("east", "shop");
        var access = new Repositories.Access(location, repository, Repositories.Mode.APPEND, Optional.empty());
        String id = "init/uid-of-location/" + repository.id();
        movers.poll(new MoverJobs.Request("shop", RunNames.of(id), id, new MoverTask.Init("0123456789abcdef"), access));
        assertThat(cluster.client().secrets().inNamespace("shop").list().getItems())
                .hasSize(1);

        assertThat(movers.ensureRepository("shop", access, new MoverSettings())).isEmpty();

        assertThat(cluster.client()
                        .batch()
                        .v1()
                        .jobs()
                        .inNamespace("shop")
                        .list()
                        .getItems())
                .isEmpty();
        assertThat(cluster.client().secrets().inNamespace("shop").list().getItems())
                .isEmpty();
    }

    /** Adds a Job with the first passwords that has failed. */
    private void ended(String words) {
        cluster.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName(RunNames.of("id"))
                        .endMetadata()
                        .addToData("password", encoded("current"))
                        .addToData("password.1", encoded("older"))
                        .build())
                .create();
        cluster.client()
                .resource(new JobBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName(RunNames.of("id"))
                        .endMetadata()
                        .withNewStatus()
                        .addNewCondition()
                        .withType("Failed")
                        .withStatus("True")
                        .endCondition()
                        .endStatus()
                        .build())
                .create();
        cluster.client()
                .resource(new PodBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName("pod")
                        .addToLabels("batch.kubernetes.io/job-name", RunNames.of("id"))
                        .endMetadata()
                        .withNewStatus()
                        .withPhase("Failed")
                        .addNewContainerStatus()
                        .withName("mover")
                        .withNewState()
                        .withNewTerminated()
                        .withExitCode(12)
                        .withMessage(words)
                        .endTerminated()
                        .endState()
                        .endContainerStatus()
                        .endStatus()
                        .build())
                .create();
    }

    private Job job() {
        return cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace("shop")
                .withName(RunNames.of("id"))
                .get();
    }

    private Secret secret() {
        return cluster.client()
                .secrets()
                .inNamespace("shop")
                .withName(RunNames.of("id"))
                .get();
    }

    private static String decoded(String data) {
        return new String(Base64.getDecoder().decode(data), StandardCharsets.UTF_8);
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
