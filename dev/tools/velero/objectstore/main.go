// A plugin that gives Velero access to a container of an Azure Blob account by its endpoint and key. The rig's store needs
// it, because the cloud plugins cannot use that store without accounts and DNS of the cloud.
//
// The bucket of a BackupStorageLocation is the container; its config names endpoint, account and key.
package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/sirupsen/logrus"
	"github.com/vmware-tanzu/velero/pkg/plugin/framework"
)

type store struct{ client *azblob.Client }

func main() {
	framework.NewServer().
		RegisterObjectStore("breakwater.io/blob", func(logrus.FieldLogger) (any, error) { return &store{}, nil }).
		Serve()
}

func (s *store) Init(config map[string]string) error {
	for _, name := range []string{"endpoint", "account", "key"} {
		if config[name] == "" {
			return fmt.Errorf("spec.config.%s of the BackupStorageLocation is missing", name)
		}
	}
	credential, err := azblob.NewSharedKeyCredential(config["account"], config["key"])
	if err != nil {
		return err
	}
	s.client, err = azblob.NewClientWithSharedKeyCredential(config["endpoint"], credential, nil)
	return err
}

func (s *store) PutObject(bucket, key string, body io.Reader) error {
	_, err := s.client.UploadStream(context.Background(), bucket, key, body, nil)
	return err
}

func (s *store) ObjectExists(bucket, key string) (bool, error) {
	_, err := s.client.ServiceClient().NewContainerClient(bucket).NewBlobClient(key).GetProperties(context.Background(), nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (s *store) GetObject(bucket, key string) (io.ReadCloser, error) {
	answer, err := s.client.DownloadStream(context.Background(), bucket, key, nil)
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

func (s *store) ListCommonPrefixes(bucket, prefix, delimiter string) ([]string, error) {
	prefixes := []string{}
	pages := s.client.ServiceClient().NewContainerClient(bucket).
		NewListBlobsHierarchyPager(delimiter, &container.ListBlobsHierarchyOptions{Prefix: &prefix})
	for pages.More() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			return nil, err
		}
		for _, p := range page.Segment.BlobPrefixes {
			prefixes = append(prefixes, *p.Name)
		}
	}
	return prefixes, nil
}

func (s *store) ListObjects(bucket, prefix string) ([]string, error) {
	keys := []string{}
	pages := s.client.NewListBlobsFlatPager(bucket, &azblob.ListBlobsFlatOptions{Prefix: &prefix})
	for pages.More() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			return nil, err
		}
		for _, b := range page.Segment.BlobItems {
			keys = append(keys, *b.Name)
		}
	}
	return keys, nil
}

func (s *store) DeleteObject(bucket, key string) error {
	_, err := s.client.DeleteBlob(context.Background(), bucket, key, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil
	}
	return err
}

func (s *store) CreateSignedURL(bucket, key string, _ time.Duration) (string, error) {
	return "", fmt.Errorf("no signed URLs: read %s of container %s from the store itself", key, bucket)
}
