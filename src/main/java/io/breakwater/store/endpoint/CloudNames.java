package io.breakwater.store.endpoint;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** The host names under which a cloud serves its object store. Its customers cannot run servers of their own under them. */
public enum CloudNames {
    /** Microsoft Azure, with its sovereign clouds. */
    AZURE(
            "*.blob.core.windows.net",
            List.of(
                    "blob.core.windows.net",
                    "blob.core.chinacloudapi.cn",
                    "blob.core.usgovcloudapi.net",
                    "blob.core.cloudapi.de",
                    "blob.storage.azure.net"),
            null),
    /** Amazon Web Services. Other services run code of customers below amazonaws.com, so only names of S3 count. */
    AWS(
            "s3.*.amazonaws.com",
            List.of(),
            Pattern.compile("([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)*"
                    + "s3(-fips|-accelerate|-accesspoint|-accesspoint-fips|-[a-z]{2}(-[a-z]+)+-[0-9]+)?"
                    + "(\\.dualstack)?(\\.[a-z]{2}(-[a-z]+)+-[0-9]+)?\\.amazonaws\\.com(\\.cn)?"));

    private final String examples;
    private final List<String> domains;
    private final Pattern pattern;

    CloudNames(String examples, List<String> domains, Pattern pattern) {
        this.examples = examples;
        this.domains = domains;
        this.pattern = pattern;
    }

    /** Whether a host, in lower case, is a server of this cloud. */
    boolean owns(String host) {
        return domains.stream().anyMatch(d -> host.endsWith("." + d))
                || pattern != null && pattern.matcher(host).matches();
    }

    static boolean ofAnyCloud(String host) {
        return Arrays.stream(values()).anyMatch(c -> c.owns(host));
    }

    String examples() {
        return examples;
    }
}
