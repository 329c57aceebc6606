package io.breakwater.store.azure;

import com.azure.core.credential.TokenCredential;
import com.azure.core.http.ProxyOptions;
import com.azure.core.http.jdk.httpclient.JdkHttpClientBuilder;
import com.azure.core.util.Configuration;
import com.azure.identity.AzureAuthorityHosts;
import com.azure.identity.WorkloadIdentityCredentialBuilder;
import io.breakwater.api.BackupLocationSpec.WorkloadIdentity;
import io.breakwater.store.endpoint.EndpointRules;
import java.net.InetSocketAddress;
import java.net.URI;

/** The federated identity of the pod. The service that issues its tokens is reached through the proxy of the installation. */
final class AzureIdentity {
    private AzureIdentity() {}

    /** @throws IllegalArgumentException if the pod has no identity */
    static TokenCredential of(WorkloadIdentity spec, EndpointRules rules) {
        WorkloadIdentityCredentialBuilder identity = new WorkloadIdentityCredentialBuilder();
        if (spec.clientId != null) {
            identity.clientId(spec.clientId);
        }
        String authority = Configuration.getGlobalConfiguration()
                .get(Configuration.PROPERTY_AZURE_AUTHORITY_HOST, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD);
        // The client would read the variables of the pod itself, with other rules.
        JdkHttpClientBuilder client = new JdkHttpClientBuilder().configuration(Configuration.NONE);
        rules.proxyOfIssuer(URI.create(authority).getHost()).ifPresent(server -> {
            ProxyOptions options =
                    new ProxyOptions(ProxyOptions.Type.HTTP, new InetSocketAddress(server.host(), server.port()));
            if (server.user() != null) {
                String[] user = server.user().split(":", 2);
                options.setCredentials(user[0], user.length > 1 ? user[1] : "");
            }
            client.proxy(options);
        });
        return identity.httpClient(client.build()).build();
    }
}
