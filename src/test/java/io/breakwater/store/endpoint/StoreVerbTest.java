package io.breakwater.store.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StoreVerbTest {
    @ParameterizedTest
    @CsvSource({
        "GET,,get",
        "GET,versionId=3,get",
        "GET,prefix=comp=list,get",
        "GET,restype=container&comp=list&prefix=points,list",
        "GET,list-type=2&prefix=versions,list",
        "GET,uploads,list",
        "GET,uploads=&prefix=a,list",
        "GET,versions&prefix=a,list",
        "GET,uploadId=1&partNumber=2,get",
        "HEAD,,head",
        "put,comp=block&blockid=1,put",
        "POST,uploads,post",
        "DELETE,,delete"
    })
    void separatesListingsFromReads(String method, String query, String label) {
        assertThat(StoreVerb.of(method, query).label()).isEqualTo(label);
    }
}
