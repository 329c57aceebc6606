package main

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// driver implements CSI; store and freezer do the work.
type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedNodeServer
	csi.UnimplementedGroupControllerServer

	name, node string
	snapshots  bool
	store      *store
	freezer    *freezer
}

// ---- identity

func (d *driver) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: d.name, VendorVersion: "1"}, nil
}

func (d *driver) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{Ready: wrapperspb.Bool(true)}, nil
}

func (d *driver) GetPluginCapabilities(context.Context, *csi.GetPluginCapabilitiesRequest) (*csi.GetPluginCapabilitiesResponse, error) {
	services := []csi.PluginCapability_Service_Type{csi.PluginCapability_Service_CONTROLLER_SERVICE}
	if d.snapshots {
		services = append(services, csi.PluginCapability_Service_GROUP_CONTROLLER_SERVICE)
	}
	r := &csi.GetPluginCapabilitiesResponse{}
	for _, s := range services {
		r.Capabilities = append(r.Capabilities, &csi.PluginCapability{Type: &csi.PluginCapability_Service_{Service: &csi.PluginCapability_Service{Type: s}}})
	}
	return r, nil
}

// ---- volumes

func (d *driver) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	calls := []csi.ControllerServiceCapability_RPC_Type{csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME}
	if d.snapshots {
		calls = append(calls, csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
			csi.ControllerServiceCapability_RPC_LIST_SNAPSHOTS, csi.ControllerServiceCapability_RPC_CLONE_VOLUME)
	}
	r := &csi.ControllerGetCapabilitiesResponse{}
	for _, c := range calls {
		r.Capabilities = append(r.Capabilities, &csi.ControllerServiceCapability{Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: c}}})
	}
	return r, nil
}

func (d *driver) CreateVolume(_ context.Context, r *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	block := wantsBlock(r.VolumeCapabilities)
	size := r.CapacityRange.GetRequiredBytes()
	if block {
		size = (size + sector - 1) / sector * sector
	}
	var err error
	switch {
	case r.VolumeContentSource.GetSnapshot() != nil:
		err = d.store.createVolumeFrom(snapshots, r.VolumeContentSource.GetSnapshot().SnapshotId, r.Name, size, block)
	case r.VolumeContentSource.GetVolume() != nil:
		err = d.frozen([]string{r.VolumeContentSource.GetVolume().VolumeId}, func() error {
			return d.store.createVolumeFrom(volumes, r.VolumeContentSource.GetVolume().VolumeId, r.Name, size, block)
		})
	default:
		err = d.store.createVolume(r.Name, size, block)
	}
	if err != nil {
		return nil, err
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{VolumeId: r.Name, CapacityBytes: size, ContentSource: r.VolumeContentSource}}, nil
}

func (d *driver) DeleteVolume(_ context.Context, r *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	return &csi.DeleteVolumeResponse{}, d.store.remove(volumes, r.VolumeId)
}

func (d *driver) ValidateVolumeCapabilities(_ context.Context, r *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if !d.store.has(volumes, r.VolumeId) {
		return nil, status.Errorf(codes.NotFound, "no volume %s", r.VolumeId)
	}
	if d, err := d.store.read(volumes, r.VolumeId); err != nil || d.Block != wantsBlock(r.VolumeCapabilities) {
		return &csi.ValidateVolumeCapabilitiesResponse{Message: "the volume is of the other volumeMode"}, err
	}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{VolumeCapabilities: r.VolumeCapabilities}}, nil
}

func wantsBlock(wanted []*csi.VolumeCapability) bool {
	return slices.ContainsFunc(wanted, func(c *csi.VolumeCapability) bool { return c.GetBlock() != nil })
}

// ---- snapshots

// frozen runs the action while no process that uses one of these volumes can run, after all their writes are flushed.
func (d *driver) frozen(ids []string, action func() error) error {
	var paths, pods, files []string
	for _, id := range ids {
		v, err := d.store.read(volumes, id)
		if err != nil {
			return err
		}
		if path := d.store.path(volumes, id); v.Block {
			pods = append(pods, publishedTo(id)...)
			files = append(files, path)
		} else {
			paths = append(paths, path)
		}
	}
	return d.freezer.during(paths, pods, func() error {
		for _, file := range files {
			if err := flushLoop(file); err != nil {
				return status.Errorf(codes.Internal, "flush: %v", err)
			}
		}
		return action()
	})
}

func (d *driver) CreateSnapshot(_ context.Context, r *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	if !d.store.has(snapshots, r.Name) {
		err := d.frozen([]string{r.SourceVolumeId}, func() error { return d.store.snapshot(r.SourceVolumeId, r.Name, "") })
		if err != nil {
			return nil, err
		}
	}
	s, err := d.describe(r.Name)
	if err != nil {
		return nil, err
	}
	if s.SourceVolumeId != r.SourceVolumeId {
		return nil, status.Errorf(codes.AlreadyExists, "snapshot %s belongs to volume %s", r.Name, s.SourceVolumeId)
	}
	return &csi.CreateSnapshotResponse{Snapshot: s}, nil
}

func (d *driver) describe(id string) (*csi.Snapshot, error) {
	m, err := d.store.read(snapshots, id)
	if err != nil {
		return nil, err
	}
	return &csi.Snapshot{SnapshotId: id, SourceVolumeId: m.Source, GroupSnapshotId: m.Group, SizeBytes: m.Size,
		CreationTime: timestamppb.New(m.Created), ReadyToUse: true}, nil
}

// ListSnapshots reports size and time of a group's members to the sidecar, which requests one at a time.
func (d *driver) ListSnapshots(_ context.Context, r *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	ids := []string{r.SnapshotId}
	if r.SnapshotId == "" {
		var err error
		if ids, err = d.store.list(snapshots); err != nil {
			return nil, err
		}
	}
	answer := &csi.ListSnapshotsResponse{}
	for _, id := range ids {
		s, err := d.describe(id)
		if err == nil && (r.SourceVolumeId == "" || r.SourceVolumeId == s.SourceVolumeId) {
			answer.Entries = append(answer.Entries, &csi.ListSnapshotsResponse_Entry{Snapshot: s})
		}
	}
	return answer, nil
}

func (d *driver) DeleteSnapshot(_ context.Context, r *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	return &csi.DeleteSnapshotResponse{}, d.store.remove(snapshots, r.SnapshotId)
}

// ---- snapshots of several volumes at one moment

func (d *driver) GroupControllerGetCapabilities(context.Context, *csi.GroupControllerGetCapabilitiesRequest) (*csi.GroupControllerGetCapabilitiesResponse, error) {
	return &csi.GroupControllerGetCapabilitiesResponse{Capabilities: []*csi.GroupControllerServiceCapability{{
		Type: &csi.GroupControllerServiceCapability_Rpc{Rpc: &csi.GroupControllerServiceCapability_RPC{
			Type: csi.GroupControllerServiceCapability_RPC_CREATE_DELETE_GET_VOLUME_GROUP_SNAPSHOT}}}}}, nil
}

func (d *driver) CreateVolumeGroupSnapshot(_ context.Context, r *csi.CreateVolumeGroupSnapshotRequest) (*csi.CreateVolumeGroupSnapshotResponse, error) {
	if !d.store.has(groups, r.Name) {
		err := d.frozen(r.SourceVolumeIds, func() error { return d.store.snapshotGroup(r.SourceVolumeIds, r.Name) })
		if err != nil {
			return nil, err
		}
	}
	g, err := d.describeGroup(r.Name)
	return &csi.CreateVolumeGroupSnapshotResponse{GroupSnapshot: g}, err
}

func (d *driver) describeGroup(id string) (*csi.VolumeGroupSnapshot, error) {
	m, err := d.store.read(groups, id)
	if err != nil {
		return nil, err
	}
	g := &csi.VolumeGroupSnapshot{GroupSnapshotId: id, CreationTime: timestamppb.New(m.Created), ReadyToUse: true}
	for _, member := range m.Members {
		if s, err := d.describe(member); err == nil { // a member may have been deleted separately
			g.Snapshots = append(g.Snapshots, s)
		}
	}
	return g, nil
}

func (d *driver) GetVolumeGroupSnapshot(_ context.Context, r *csi.GetVolumeGroupSnapshotRequest) (*csi.GetVolumeGroupSnapshotResponse, error) {
	g, err := d.describeGroup(r.GroupSnapshotId)
	return &csi.GetVolumeGroupSnapshotResponse{GroupSnapshot: g}, err
}

func (d *driver) DeleteVolumeGroupSnapshot(_ context.Context, r *csi.DeleteVolumeGroupSnapshotRequest) (*csi.DeleteVolumeGroupSnapshotResponse, error) {
	for _, id := range r.SnapshotIds {
		if err := d.store.remove(snapshots, id); err != nil {
			return nil, err
		}
	}
	return &csi.DeleteVolumeGroupSnapshotResponse{}, d.store.remove(groups, r.GroupSnapshotId)
}

// ---- the node

func (d *driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: d.node}, nil
}

func (d *driver) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	return &csi.NodeGetCapabilitiesResponse{}, nil
}

func (d *driver) NodePublishVolume(_ context.Context, r *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	v, err := d.store.read(volumes, r.VolumeId)
	if err != nil {
		return nil, err
	}
	if v.Block != (r.VolumeCapability.GetBlock() != nil) {
		return nil, status.Errorf(codes.InvalidArgument, "volume %s has the other volumeMode", r.VolumeId)
	}
	if v.Block {
		if err := publishLoop(d.store.path(volumes, r.VolumeId), r.TargetPath); err != nil {
			return nil, status.Errorf(codes.Internal, "%v", err)
		}
		return &csi.NodePublishVolumeResponse{}, nil
	}
	if isMountPoint(r.TargetPath) {
		return &csi.NodePublishVolumeResponse{}, nil
	}
	if err := os.MkdirAll(r.TargetPath, 0o755); err != nil {
		return nil, err
	}
	if err := unix.Mount(d.store.path(volumes, r.VolumeId), r.TargetPath, "", unix.MS_BIND, ""); err != nil {
		return nil, status.Errorf(codes.Internal, "mount: %v", err)
	}
	if r.Readonly {
		if err := unix.Mount("", r.TargetPath, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			_ = unix.Unmount(r.TargetPath, 0)
			return nil, status.Errorf(codes.Internal, "read-only remount: %v", err)
		}
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (d *driver) NodeUnpublishVolume(_ context.Context, r *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	for isMountPoint(r.TargetPath) {
		if err := unix.Unmount(r.TargetPath, 0); err != nil {
			return nil, status.Errorf(codes.Internal, "unmount: %v", err)
		}
	}
	// Never recursively: if this were still the volume, its data would be deleted.
	if err := os.Remove(r.TargetPath); err != nil && !os.IsNotExist(err) {
		return nil, status.Errorf(codes.Internal, "%v", err)
	}
	if len(publishedTo(r.VolumeId)) == 0 {
		if err := detachLoop(d.store.path(volumes, r.VolumeId)); err != nil {
			return nil, status.Errorf(codes.Internal, "%v", err)
		}
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

func isMountPoint(path string) bool {
	for _, m := range mounts("/proc/self/mountinfo") {
		if m.point == strings.TrimSuffix(path, "/") {
			return true
		}
	}
	return false
}
