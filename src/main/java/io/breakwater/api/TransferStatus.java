package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;

/** How far the content of volumes is on its way. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class TransferStatus {
    @JsonPropertyDescription("Bytes that were read or written, also those that the repository had already.")
    public Long bytesDone;

    @JsonPropertyDescription("Bytes in all, as far as they were counted: it grows while a volume is looked through.")
    public Long bytesTotal;

    @JsonPropertyDescription("Bytes a second, of all movers that run.")
    public Long bytesPerSecond;

    @JsonPropertyDescription("Seconds that the movers which run still need at that rate.")
    public Long secondsLeft;

    @Size(max = 64)
    @JsonPropertyDescription("The same in words.")
    public String summary;
}
