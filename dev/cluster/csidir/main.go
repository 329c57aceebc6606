// Command csidir is a CSI driver for test clusters. A volume is a directory, or a file behind a loop device for a raw block
// volume. A snapshot is a copy of it, made while every process that could write to the volume is stopped. It runs under the
// upstream sidecars, so tests use the same protocol as with real drivers.
//
// It does not support expansion, size limits for directories, or read-only block volumes.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	registerapi "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const kubelet = "/var/lib/kubelet"

func main() {
	name := flag.String("name", "dir.csi.breakwater.dev", "the driver's name")
	root := flag.String("root", kubelet+"/csidir", "where volumes and snapshots lie; below "+kubelet)
	node := flag.String("node", "", "the node's name")
	snapshots := flag.Bool("snapshots", true, "whether the driver can take snapshots")
	flag.Parse()

	store, err := openStore(filepath.Join(*root, *name))
	if err != nil {
		log.Fatal(err)
	}
	freezer := &freezer{journal: filepath.Join(*root, *name, "frozen")}
	freezer.thawAll() // wakes the processes that a run left stopped when it was killed during a copy
	d := &driver{name: *name, node: *node, snapshots: *snapshots, store: store, freezer: freezer}

	prepareLoops(store.root)

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stop
		freezer.thawAll()
		os.Exit(0)
	}()

	socket := filepath.Join(kubelet, "plugins", *name, "csi.sock")
	server := grpc.NewServer(grpc.UnaryInterceptor(logCalls))
	csi.RegisterIdentityServer(server, d)
	csi.RegisterControllerServer(server, d)
	csi.RegisterNodeServer(server, d)
	if *snapshots {
		csi.RegisterGroupControllerServer(server, d)
	}
	go func() { log.Fatal(server.Serve(listen(socket))) }()

	registrar := grpc.NewServer()
	registerapi.RegisterRegistrationServer(registrar, &registration{name: *name, socket: socket})
	log.Fatal(registrar.Serve(listen(filepath.Join(kubelet, "plugins_registry", *name+"-reg.sock"))))
}

func listen(path string) net.Listener {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		log.Fatal(err)
	}
	_ = os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		log.Fatal(err)
	}
	return l
}

func logCalls(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	resp, err := handle(ctx, req)
	if call := filepath.Base(info.FullMethod); err != nil || !strings.HasPrefix(call, "Probe") && !strings.Contains(call, "Get") {
		log.Printf("%s: %v", call, err)
	}
	return resp, err
}

// registration answers the kubelet's plugin watcher, like node-driver-registrar.
type registration struct {
	registerapi.UnimplementedRegistrationServer
	name, socket string
}

func (r *registration) GetInfo(context.Context, *registerapi.InfoRequest) (*registerapi.PluginInfo, error) {
	return &registerapi.PluginInfo{Type: registerapi.CSIPlugin, Name: r.name, Endpoint: r.socket, SupportedVersions: []string{"1.0.0"}}, nil
}

func (r *registration) NotifyRegistrationStatus(_ context.Context, s *registerapi.RegistrationStatus) (*registerapi.RegistrationStatusResponse, error) {
	if !s.PluginRegistered {
		log.Fatalf("the kubelet refused the driver: %s", s.Error)
	}
	return &registerapi.RegistrationStatusResponse{}, nil
}
