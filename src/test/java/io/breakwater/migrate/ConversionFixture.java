package io.breakwater.migrate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.velero.model.Backup;
import io.breakwater.velero.model.Schedule;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Output of the command for an input, and inputs for it. */
record ConversionFixture(int code, String out, String messages) {
    static final KubernetesSerialization YAML = new KubernetesSerialization();

    <T extends HasMetadata> T one(Class<T> type, String namespace, String name) {
        return all().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .filter(o -> o.getMetadata().getNamespace().equals(namespace)
                        && o.getMetadata().getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    List<HasMetadata> all() {
        try (MappingIterator<JsonNode> documents =
                new YAMLMapper().readerFor(JsonNode.class).readValues(out)) {
            List<HasMetadata> all = new ArrayList<>();
            documents
                    .readAll()
                    .forEach(d -> all.add(
                            d.path("kind").asText().equals("BackupPolicy")
                                    ? YAML.convertValue(d, BackupPolicy.class)
                                    : YAML.convertValue(d, BackupLocation.class)));
            return all;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Backup.Hooks hooks() {
        Backup.Hook hook = new Backup.Hook();
        hook.exec = new Backup.Exec();
        hook.exec.command = List.of("sync");
        Backup.ResourceHook resource = new Backup.ResourceHook();
        resource.pre = List.of(hook);
        Backup.Hooks hooks = new Backup.Hooks();
        hooks.resources = List.of(resource);
        return hooks;
    }

    static Schedule schedule() {
        Schedule schedule = new Schedule();
        schedule.setMetadata(
                new ObjectMetaBuilder().withName("s").withNamespace("velero").build());
        Schedule.Spec spec = new Schedule.Spec();
        spec.schedule = "0 * * * *";
        spec.template = new Backup.Spec();
        spec.template.includedNamespaces = List.of("shop");
        schedule.setSpec(spec);
        return schedule;
    }

    static ConversionFixture of(String input) {
        return run(List.of(), input);
    }

    static ConversionFixture run(List<String> arguments, String input) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream messages = new ByteArrayOutputStream();
        int code = ConvertVelero.run(
                arguments,
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(messages, true, StandardCharsets.UTF_8));
        return new ConversionFixture(
                code, out.toString(StandardCharsets.UTF_8), messages.toString(StandardCharsets.UTF_8));
    }

    static String installation() {
        try (var in = ConversionFixture.class.getResourceAsStream("/velero/installation.yaml")) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String place(HasMetadata object) {
        return object.getMetadata().getNamespace() + "/" + object.getMetadata().getName();
    }
}
