package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.TransferStatus;
import java.util.List;
import org.junit.jupiter.api.Test;

class MoverProgressTest {
    /** Lines of restic 0.18. */
    private static final String BACKUP = """
        {"message_type":"status","percent_done":0,"total_files":1,"total_bytes":0}
        {"message_type":"status","seconds_elapsed":10,"seconds_remaining":30,"percent_done":0.25,"total_files":9,"total_bytes":4294967296,"bytes_done":1073741824,"current_files":["/volumes/a/1"]}
        """;

    private static final String RESTORE = """
        {"message_type":"status","seconds_elapsed":5,"percent_done":0.5,"total_files":2,"total_bytes":1000,"bytes_restored":500}\
        """;

    @Test
    void readsTheNewestStatus() {
        assertThat(MoverProgress.of(BACKUP)).contains(new MoverProgress(1L << 30, 4L << 30, 10));
        assertThat(MoverProgress.of(RESTORE)).contains(new MoverProgress(500, 1000, 5));
    }

    @Test
    void ignoresLinesThatAreNotAStatus() {
        assertThat(MoverProgress.of("")).isEmpty();
        assertThat(MoverProgress.of("open repository\n{\"message_type\":\"summary\",\"total_bytes\":3}\n{\"message_ty"))
                .isEmpty();
        assertThat(MoverProgress.of(RESTORE + "\nwarning: something\n{")).isPresent();
    }

    @Test
    void computesRateAndTimeLeftOverAllMovers() {
        TransferStatus t = MoverProgress.transfer(
                1L << 30,
                List.of(new MoverProgress(1L << 30, 4L << 30, 10), new MoverProgress(512 << 20, 1L << 30, 10)));

        assertThat(t.bytesDone).isEqualTo((2L << 30) + (512 << 20));
        assertThat(t.bytesTotal).isEqualTo(6L << 30);
        assertThat(t.bytesPerSecond).isEqualTo((1L << 30) / 10 + (512 << 20) / 10);
        assertThat(t.secondsLeft).isEqualTo(24);
        assertThat(t.summary).isEqualTo("2.5 GiB of 6.0 GiB, 154 MiB/s, 24s left");
    }

    @Test
    void reportsNoRateForANewMover() {
        TransferStatus t = MoverProgress.transfer(0, List.of(new MoverProgress(0, 900, 0)));

        assertThat(t.bytesPerSecond).isNull();
        assertThat(t.secondsLeft).isNull();
        assertThat(t.summary).isEqualTo("0 B of 900 B");
    }
}
