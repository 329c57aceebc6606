package io.breakwater.admission;

import io.breakwater.testing.ParserFuzz;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Everybody who reaches the port of the webhook can send a body. */
@Tag("slow")
@Tag("random")
class ReviewFuzzTest {
    @Test
    void readsReviews() {
        ReviewReader reader = new ReviewReader();
        new ParserFuzz("AdmissionReview")
                .sample(
                        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\","
                                + "\"kind\":{\"group\":\"breakwater.io\",\"version\":\"v1\",\"kind\":\"Restore\"},"
                                + "\"resource\":{\"group\":\"breakwater.io\",\"version\":\"v1\",\"resource\":\"restores\"},"
                                + "\"operation\":\"CREATE\",\"namespace\":\"shop\",\"name\":\"r\","
                                + "\"userInfo\":{\"username\":\"jane\",\"groups\":[\"a\"],\"extra\":{\"b\":[\"c\"]}},"
                                + "\"object\":{\"metadata\":{\"name\":\"r\"},\"spec\":{}},\"oldObject\":null,\"dryRun\":false}}")
                .longest(8 << 20)
                .allocation(64L << 20)
                .refusals(e -> e instanceof IllegalArgumentException || e instanceof IOException)
                .run(body -> reader.read(new ByteArrayInputStream(body)));
    }
}
