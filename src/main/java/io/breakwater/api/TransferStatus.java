package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;

/** Progress of the data of volumes. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class TransferStatus {
    @JsonPropertyDescription("Bytes that were read or written, including those that the repository already had.")
    public Long bytesDone;

    @JsonPropertyDescription("Total bytes, as far as they are known; the number grows while a mover scans its volume.")
    public Long bytesTotal;

    @JsonPropertyDescription("Bytes per second, of all running movers.")
    public Long bytesPerSecond;

    @JsonPropertyDescription("Seconds that the running movers still need at that rate.")
    public Long secondsLeft;

    @Size(max = 64)
    @JsonPropertyDescription("The same as one text.")
    public String summary;
}
