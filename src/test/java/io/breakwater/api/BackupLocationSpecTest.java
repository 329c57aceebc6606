package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BackupLocationSpecTest {
    private final BackupLocationSpec spec = new BackupLocationSpec();

    @Test
    void describesAContainer() {
        spec.azureBlob = new BackupLocationSpec.AzureBlob();
        spec.azureBlob.account = "account";
        spec.azureBlob.container = "backups";
        assertThat(spec.describeStore()).isEqualTo("AzureBlob account/backups");
    }

    @Test
    void describesABucketOfVeleroWithItsPrefix() {
        spec.s3 = new BackupLocationSpec.S3();
        spec.s3.bucket = "bucket";
        spec.s3.prefix = "prod/east";
        spec.layout = BackupLocationSpec.Layout.Velero;
        assertThat(spec.describeStore()).isEqualTo("S3 bucket/prod/east (Velero)");
    }

    @Test
    void describesADirectory() {
        spec.filesystem = new BackupLocationSpec.Filesystem();
        spec.filesystem.path = "quickstart";
        assertThat(spec.describeStore()).isEqualTo("Filesystem quickstart");
    }
}
