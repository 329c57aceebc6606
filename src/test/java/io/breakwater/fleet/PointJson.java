package io.breakwater.fleet;

import java.time.Duration;
import java.time.Instant;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A sealed RestorePoint as the API server has it, with the journal of its run and the managed fields of its writers. */
final class PointJson {
    private static final Duration RUN = Duration.ofSeconds(4);
    private static final String NAME = "${0}";
    private static final String NAMESPACE = "${1}";
    private static final String UID = "${2}";
    private static final String CAPTURED = "${3}";
    private static final String OVER = "${4}";
    private static final String NAMESPACE_UID = "${5}";
    private static final String LOCATION = "${6}";
    private static final String STEPS = "Prepare Cut Resources Move Keep Seal Tidy";
    private static final TextTemplate METADATA = new TextTemplate(metadata());
    private static final TextTemplate BODY = new TextTemplate(body());

    /**
     * What differs from point to point.
     *
     * @param captured the time that it was created and captured at
     */
    record Facts(String name, String namespace, String uid, Instant captured, String namespaceUid, String location) {
        private String[] values() {
            return new String[] {
                name, namespace, uid, captured.toString(), captured.plus(RUN).toString(), namespaceUid, location
            };
        }
    }

    private PointJson() {}

    static String metadata(Facts facts) {
        return METADATA.with(facts.values());
    }

    static String body(Facts facts) {
        return BODY.with(facts.values());
    }

    private static String metadata() {
        return """
                {"name":"%s","namespace":"%s","uid":"%s","resourceVersion":"1000","generation":1,\
                "creationTimestamp":"%s","labels":{"breakwater.io/policy":"%s"},"finalizers":["breakwater.io/data"],%s}""".formatted(NAME, NAMESPACE, UID, CAPTURED, FleetObjects.POLICY, managed());
    }

    private static String body() {
        String digest = "0123456789abcdef".repeat(4);
        String journal = each(STEPS, """
                {"step":"%%s","state":"Done","startedAt":"%s","finishedAt":"%s","attempts":1,\
                "message":"the step of the capture of namespace %s ended"}""".formatted(CAPTURED, OVER, NAMESPACE));
        String archive = each("resources.enc objects.json omitted.json", """
                {"key":"breakwater/archives/%s/%s/%s/%s/%s/%s/%%s","size":20480,"sha256":"%s"}""".formatted(
                        FleetObjects.SITE, NAMESPACE, FleetObjects.CLUSTER, NAMESPACE_UID, NAME, UID, digest));
        String conditions = each("Succeeded Ready Finished", """
                {"type":"%%s","status":"True","reason":"Completed","message":"sealed in location %s",\
                "lastTransitionTime":"%s","observedGeneration":1}""".formatted(LOCATION, OVER));
        return """
                {"apiVersion":"breakwater.io/v1alpha1","kind":"RestorePoint","metadata":%s,\
                "spec":{"policyRef":{"name":"%s"},"trigger":"Scheduled","deletionPolicy":"Delete","hold":false},\
                "status":{"journal":[%s],"conditions":[%s],"capturedAt":"%s","consistency":"Crash","epoch":0,\
                "site":"%s","namespace":"%s","cluster":"%s","namespaceUid":"%s","point":"%s","location":"%s",\
                "digest":"%s","volumes":[],"volumeCount":0,"resourceCount":24,"archive":[%s],"logicalBytes":0,\
                "addedBytes":0,"copies":[],"copiesCompleted":0,"progress":"sealed"}}""".formatted(
                        metadata(),
                        FleetObjects.POLICY,
                        journal,
                        conditions,
                        CAPTURED,
                        FleetObjects.SITE,
                        NAMESPACE,
                        FleetObjects.CLUSTER,
                        NAMESPACE_UID,
                        NAME,
                        LOCATION,
                        digest,
                        archive);
    }

    private static String each(String words, String format) {
        return Stream.of(words.split(" ")).map(format::formatted).collect(Collectors.joining(","));
    }

    private static String managed() {
        String journal = each(STEPS, """
                "k:{\\"step\\":\\"%s\\"}":{".":{},"f:attempts":{},"f:finishedAt":{},"f:message":{},\
                "f:startedAt":{},"f:state":{},"f:step":{}}""");
        return """
                "managedFields":[{"manager":"breakwater","operation":"Apply","apiVersion":"breakwater.io/v1alpha1",\
                "time":"%s","fieldsType":"FieldsV1","subresource":"status","fieldsV1":{"f:status":{"f:addedBytes":{},\
                "f:archive":{},"f:capturedAt":{},"f:conditions":{},"f:consistency":{},"f:copies":{},\
                "f:copiesCompleted":{},"f:digest":{},"f:epoch":{},"f:journal":{%s},"f:location":{},"f:logicalBytes":{},\
                "f:namespace":{},"f:point":{},"f:progress":{},"f:resourceCount":{},"f:site":{},"f:volumeCount":{},\
                "f:volumes":{}}}},{"manager":"operator","operation":"Update","apiVersion":"breakwater.io/v1alpha1",\
                "time":"%s","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:finalizers":{".":{},\
                "v:\\"breakwater.io/data\\"":{}},"f:labels":{".":{},"f:breakwater.io/policy":{}}},"f:spec":{".":{},\
                "f:deletionPolicy":{},"f:policyRef":{".":{},"f:name":{}},"f:trigger":{}}}}]""".formatted(OVER, journal, CAPTURED);
    }
}
