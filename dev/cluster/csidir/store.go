package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// kinds of things in a store; each is a directory of entries, an entry being ID.json and, if it has data, ID
const (
	volumes   = "volumes"
	snapshots = "snapshots"
	groups    = "groups"
)

// store manages volumes and snapshots as directories, those of raw block volumes as files. An entry exists while its
// description exists. The description is written last and removed first, so an unfinished copy is never used.
type store struct {
	root string
	busy sync.Map // paths that a call works on
}

type description struct {
	Created time.Time
	Size    int64    // the requested size, in bytes; nothing enforces it on a directory
	Block   bool     // a raw block volume
	Source  string   // of a snapshot: the volume
	Group   string   // of a snapshot: the group that it was taken in
	Members []string // of a group: its snapshots
}

func openStore(root string) (*store, error) {
	for _, kind := range []string{volumes, snapshots, groups} {
		if err := os.MkdirAll(filepath.Join(root, kind), 0o755); err != nil {
			return nil, err
		}
	}
	return &store{root: root}, nil
}

func (s *store) path(kind, id string) string { return filepath.Join(s.root, kind, filepath.Base(id)) }

// claim keeps a repeated call, which the sidecars make after ten seconds, from removing what the first one still copies.
func (s *store) claim(kind, id string) (release func(), err error) {
	path := s.path(kind, id)
	if _, taken := s.busy.LoadOrStore(path, true); taken {
		return nil, status.Errorf(codes.Aborted, "another call works on %s", id)
	}
	return func() { s.busy.Delete(path) }, nil
}

func (s *store) has(kind, id string) bool {
	_, err := os.Stat(s.path(kind, id) + ".json")
	return err == nil
}

func (s *store) read(kind, id string) (d description, err error) {
	data, err := os.ReadFile(s.path(kind, id) + ".json")
	if os.IsNotExist(err) {
		return d, status.Errorf(codes.NotFound, "no %s in %s", id, kind)
	}
	if err == nil {
		err = json.Unmarshal(data, &d)
	}
	return d, err
}

func (s *store) list(kind string) (ids []string, err error) {
	files, err := filepath.Glob(filepath.Join(s.root, kind, "*.json"))
	for _, f := range files {
		ids = append(ids, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	return ids, err
}

func (s *store) describe(kind, id string, d description) error {
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	file := s.path(kind, id) + ".json"
	if err := os.WriteFile(file+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func (s *store) createVolume(id string, size int64, block bool) error {
	release, err := s.claim(volumes, id)
	if err != nil {
		return err
	}
	defer release()
	if s.has(volumes, id) {
		return nil
	}
	path := s.path(volumes, id)
	if block {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		if err := resize(path, size); err != nil {
			return err
		}
	} else {
		if err := os.MkdirAll(path, 0o777); err != nil {
			return err
		}
		if err := os.Chmod(path, 0o777); err != nil { // regardless of the umask, because pods may not run as root
			return err
		}
	}
	return s.describe(volumes, id, description{Created: time.Now(), Size: size, Block: block})
}

func (s *store) createVolumeFrom(kind, source, id string, size int64, block bool) error {
	release, err := s.claim(volumes, id)
	if err != nil {
		return err
	}
	defer release()
	if s.has(volumes, id) {
		return nil
	}
	d, err := s.read(kind, source)
	if err != nil {
		return err
	}
	if size < d.Size {
		return status.Errorf(codes.OutOfRange, "%d bytes are less than the %d of %s", size, d.Size, source)
	}
	if block != d.Block {
		return status.Errorf(codes.InvalidArgument, "%s has the other volumeMode", source)
	}
	if err := copyTree(s.path(kind, source), s.path(volumes, id)); err != nil {
		return err
	}
	if block {
		if err := resize(s.path(volumes, id), size); err != nil {
			return err
		}
	}
	return s.describe(volumes, id, description{Created: time.Now(), Size: size, Source: source, Block: block})
}

// resize creates a sparse file of this size: only written blocks are allocated.
func resize(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Truncate(size)
}

func (s *store) snapshot(volume, id, group string) error {
	release, err := s.claim(snapshots, id)
	if err != nil {
		return err
	}
	defer release()
	d, err := s.read(volumes, volume)
	if err != nil {
		return err
	}
	at := time.Now()
	if err := copyTree(s.path(volumes, volume), s.path(snapshots, id)); err != nil {
		return err
	}
	return s.describe(snapshots, id, description{Created: at, Size: d.Size, Source: volume, Group: group, Block: d.Block})
}

func (s *store) snapshotGroup(sources []string, id string) error {
	g := description{Created: time.Now()}
	for _, volume := range sources {
		member := id + "-" + volume
		if err := s.snapshot(volume, member, id); err != nil {
			return err
		}
		g.Members = append(g.Members, member)
	}
	return s.describe(groups, id, g)
}

func (s *store) remove(kind, id string) error {
	release, err := s.claim(kind, id)
	if err != nil {
		return err
	}
	defer release()
	if err := os.Remove(s.path(kind, id) + ".json"); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.RemoveAll(s.path(kind, id))
}

func copyTree(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	out, err := exec.Command("cp", "-a", "--reflink=auto", "--sparse=always", from, to).CombinedOutput()
	if err != nil {
		return status.Errorf(codes.Internal, "cp: %v %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
