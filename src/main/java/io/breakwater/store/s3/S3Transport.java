package io.breakwater.store.s3;

import io.breakwater.store.endpoint.StoreCallListener;
import io.breakwater.store.endpoint.StoreVerb;
import java.io.IOException;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpRequest;

/** The connections of the S3 client, with a report of each request. The client sends each retry as a request of its own. */
final class S3Transport implements SdkHttpClient {
    private final SdkHttpClient http;
    private final StoreCallListener calls;

    S3Transport(SdkHttpClient http, StoreCallListener calls) {
        this.http = http;
        this.calls = calls;
    }

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
        ExecutableHttpRequest prepared = http.prepareRequest(request);
        SdkHttpRequest sent = request.httpRequest();
        StoreVerb verb =
                StoreVerb.of(sent.method().name(), sent.encodedQueryParameters().orElse(null));
        return new ExecutableHttpRequest() {
            @Override
            public HttpExecuteResponse call() throws IOException {
                return calls.observe(
                        verb, prepared::call, answer -> answer.httpResponse().statusCode());
            }

            @Override
            public void abort() {
                prepared.abort();
            }
        };
    }

    @Override
    public String clientName() {
        return http.clientName();
    }

    @Override
    public void close() {
        http.close();
    }
}
