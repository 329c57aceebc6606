package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	state      = "/var/lib/rancher/k3s"
	pki        = state + "/server/tls"
	kubeconfig = "/etc/rancher/k3s/k3s.yaml"
	serviceIPs = "10.43.0.0/16"
	podIPs     = "10.42.0.0/16"
)

// options are the supported arguments of `k3s server`; others are accepted and ignored.
type options struct {
	node  string
	hosts []string            // names and addresses in the API server's certificate
	extra map[string][]string // component -> further flags, from --kube-apiserver-arg=… and similar options
}

func parseOptions(args []string) options {
	host, err := os.Hostname()
	must(err)
	o := options{node: host, extra: map[string][]string{}, hosts: []string{"localhost", "127.0.0.1", host, "10.43.0.1",
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}}
	for i := 0; i < len(args); i++ {
		name, value, joined := strings.Cut(args[i], "=")
		if !joined && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++
			value = args[i]
		}
		switch name {
		case "--tls-san":
			o.hosts = append(o.hosts, strings.Split(value, ",")...)
		case "--node-name":
			o.node = value
		case "--kube-apiserver-arg", "--kube-controller-manager-arg", "--kube-scheduler-arg", "--kubelet-arg", "--kube-proxy-arg":
			component := strings.TrimSuffix(strings.TrimPrefix(name, "--"), "-arg")
			o.extra[component] = append(o.extra[component], "--"+value)
		}
	}
	return o
}

// server starts all components, prints the message that k3s prints then, and runs until a signal ends it. It may be killed
// at any moment: the data for a second start (authority, etcd, containerd's images, volumes) is in volumes.
func server(o options) {
	log.SetFlags(log.LstdFlags | log.Lmicroseconds)
	begin := time.Now()
	clearTraces()
	ip := addresses(&o)

	ca := loadOrCreateAuthority()
	loadOrCreateKey(pki + "/sa.key")
	ca.issue("apiserver", "kube-apiserver", nil, o.hosts)
	ca.issue("kubelet-client", "kube-apiserver-kubelet", []string{"system:masters"}, nil)
	ca.issue("front-proxy", "front-proxy-client", nil, nil)
	ca.issue("kubelet", o.node, nil, []string{o.node, ip})
	admin := ca.issue("admin", "admin", []string{"system:masters"}, nil)
	ca.kubeconfig(kubeconfig, admin)
	for component, user := range map[string]string{"kube-controller-manager": "system:kube-controller-manager",
		"kube-scheduler": "system:kube-scheduler", "kube-proxy": "system:kube-proxy"} {
		ca.kubeconfig(configOf(component), ca.issue(component, user, nil, nil))
	}
	ca.kubeconfig(configOf("kubelet"), ca.issue("node", "system:node:"+o.node, []string{"system:nodes"}, nil))

	run("/usr/bin/containerd", "--config", "/etc/containerd/config.toml")
	imported := make(chan struct{})
	go func() { importImages(); close(imported) }()
	startControlPlane(o, ip)
	api := newClient(ca, admin)
	waitFor("kube-apiserver", func() bool { return string(api.get("/readyz")) == "ok" })
	log.Printf("kube-apiserver ready after %v", time.Since(begin))
	startControllers(o)
	startNode(o, ip)
	if out, err := exec.Command("/bin/k3s", "kubectl", "--kubeconfig", kubeconfig, "apply", "--server-side",
		"--force-conflicts", "-f", "/manifests").CombinedOutput(); err != nil {
		log.Fatalf("manifests: %v %s", err, out)
	}
	waitFor("node", func() bool { return api.nodeReadySince(o.node, begin) })
	<-imported
	log.Printf("node ready after %v", time.Since(begin))
	fmt.Println("Node controller sync successful") // K3sContainer waits for this message
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
}

// clearTraces removes leftovers that only a killed run could use: none of its processes is alive.
func clearTraces() {
	// Mounts made by a CSI driver in a pod must reach the kubelet and other pods.
	must(syscall.Mount("", "/", "", syscall.MS_SHARED|syscall.MS_REC, ""))
	for _, dir := range []string{"/run/containerd", "/run/runc", "/run/netns", "/var/lib/cni/networks"} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				log.Print(err)
			}
		}
	}
	clearControlGroups()
}

// clearControlGroups removes the control groups of containers that ended with an earlier run of this node. Otherwise the
// kubelet would look for the process in each of them for three seconds before it reports the node as ready. It also removes
// old ones of other nodes, because no other program does. The kernel refuses if a process is left.
func clearControlGroups() {
	mine := map[string]bool{}
	for _, kind := range []string{"containers", "sandboxes"} {
		entries, _ := os.ReadDir(state + "/agent/containerd/io.containerd.grpc.v1.cri/" + kind)
		for _, e := range entries {
			mine[e.Name()] = true
		}
	}
	version2, _ := filepath.Glob("/sys/fs/cgroup/k8s.io/*")
	version1, _ := filepath.Glob("/sys/fs/cgroup/*/k8s.io/*")
	for _, dir := range append(version1, version2...) {
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() && (mine[filepath.Base(dir)] || time.Since(info.ModTime()) > 10*time.Minute) {
			_ = syscall.Rmdir(dir)
		}
	}
}

// addresses adds the container's own addresses to the names of the API server and returns the first.
func addresses(o *options) (first string) {
	all, err := net.InterfaceAddrs()
	must(err)
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			o.hosts = append(o.hosts, n.IP.String())
			if first == "" {
				first = n.IP.String()
			}
		}
	}
	if first == "" {
		log.Fatal("the container has no IPv4 address")
	}
	return first
}

func configOf(component string) string { return state + "/server/" + component + ".kubeconfig" }

func startControlPlane(o options, ip string) {
	// Tests make many small writes; if the container is killed, data in the kernel's cache is not lost.
	run("etcd", "--data-dir", state+"/server/db/etcd", "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379",
		"--listen-peer-urls", "http://127.0.0.1:2380", "--initial-advertise-peer-urls", "http://127.0.0.1:2380",
		"--initial-cluster", "default=http://127.0.0.1:2380", "--auto-compaction-retention", "10m")
	run("kube-apiserver", append([]string{
		"--etcd-servers=http://127.0.0.1:2379", "--secure-port=6443", "--bind-address=0.0.0.0", "--advertise-address=" + ip,
		"--tls-cert-file=" + pki + "/apiserver.crt", "--tls-private-key-file=" + pki + "/apiserver.key",
		"--client-ca-file=" + pki + "/ca.crt", "--kubelet-certificate-authority=" + pki + "/ca.crt",
		"--kubelet-client-certificate=" + pki + "/kubelet-client.crt", "--kubelet-client-key=" + pki + "/kubelet-client.key",
		"--kubelet-preferred-address-types=InternalIP,Hostname",
		"--requestheader-client-ca-file=" + pki + "/ca.crt", "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + pki + "/front-proxy.crt", "--proxy-client-key-file=" + pki + "/front-proxy.key",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + pki + "/sa.key", "--service-account-signing-key-file=" + pki + "/sa.key",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
		"--service-cluster-ip-range=" + serviceIPs, "--enable-aggregator-routing=true", "--profiling=false",
	}, o.extra["kube-apiserver"]...)...)
}

func startControllers(o options) {
	run("kube-controller-manager", append([]string{
		"--kubeconfig=" + configOf("kube-controller-manager"), "--leader-elect=false", "--profiling=false",
		"--service-account-private-key-file=" + pki + "/sa.key", "--root-ca-file=" + pki + "/ca.crt",
		"--use-service-account-credentials=true", "--allocate-node-cidrs=true", "--cluster-cidr=" + podIPs,
		"--service-cluster-ip-range=" + serviceIPs,
		"--cluster-signing-cert-file=" + pki + "/ca.crt", "--cluster-signing-key-file=" + pki + "/ca.key",
	}, o.extra["kube-controller-manager"]...)...)
	run("kube-scheduler", append([]string{"--kubeconfig=" + configOf("kube-scheduler"), "--leader-elect=false",
		"--profiling=false"}, o.extra["kube-scheduler"]...)...)
}

func startNode(o options, ip string) {
	const config = "/etc/rancher/k3s/kubelet.yaml"
	writeFile(config, fmt.Appendf(nil, `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %[1]s/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: %[1]s/kubelet.crt
tlsPrivateKeyFile: %[1]s/kubelet.key
clusterDomain: cluster.local
clusterDNS: [10.43.0.10]
cgroupDriver: cgroupfs
cgroupsPerQOS: false # the container shares the machine's cgroup tree, perhaps with other clusters
enforceNodeAllocatable: []
failSwapOn: false
maxPods: 200
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
evictionHard: {imagefs.available: 1%%, nodefs.available: 1%%} # the disk is the machine's
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
volumeStatsAggPeriod: 10m
featureGates: {KubeletInUserNamespace: true} # do without what the machine does not allow
`, pki), 0o644)
	run("kubelet", append([]string{"--config=" + config, "--kubeconfig=" + configOf("kubelet"),
		"--hostname-override=" + o.node, "--node-ip=" + ip}, o.extra["kubelet"]...)...)
	run("kube-proxy", append([]string{"--kubeconfig=" + configOf("kube-proxy"), "--cluster-cidr=" + podIPs,
		"--proxy-mode=iptables", "--hostname-override=" + o.node, "--conntrack-max-per-core=0"}, o.extra["kube-proxy"]...)...)
}

// importImages loads the images that every pod or every cluster needs, at the first start only.
func importImages() {
	ctr := func(args ...string) ([]byte, error) {
		return exec.Command("ctr", append([]string{"-n", "k8s.io", "images"}, args...)...).CombinedOutput()
	}
	var present []byte
	waitFor("containerd", func() (ok bool) {
		out, err := ctr("ls", "-q")
		present = out
		return err == nil
	})
	if strings.Contains(string(present), "breakwater-dev/coredns") && strings.Contains(string(present), "breakwater-dev/pause") {
		return
	}
	files, _ := filepath.Glob("/images/*.tar")
	for _, f := range files {
		if out, err := ctr("import", f); err != nil {
			log.Fatalf("import of %s: %v %s", f, err, out)
		}
	}
}

// client sends requests to this node's API server.
type client struct{ http http.Client }

func newClient(ca *authority, c credentials) *client {
	pair, err := tls.X509KeyPair(c.cert, c.key)
	must(err)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	return &client{http.Client{Timeout: 5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}}}}
}

// get returns the body of a successful answer, or nil.
func (c *client) get(path string) []byte {
	r, err := c.http.Get("https://127.0.0.1:6443" + path)
	if err != nil {
		return nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		return nil
	}
	return body
}

// nodeReadySince reports whether the kubelet of this run has reported the node as ready; an earlier run's report does not
// count.
func (c *client) nodeReadySince(name string, begin time.Time) bool {
	var node struct {
		Status struct {
			Conditions []struct {
				Type, Status      string
				LastHeartbeatTime time.Time
			}
		}
	}
	if json.Unmarshal(c.get("/api/v1/nodes/"+name), &node) != nil {
		return false
	}
	for _, k := range node.Status.Conditions {
		if k.Type == "Ready" {
			return k.Status == "True" && !k.LastHeartbeatTime.Before(begin.Truncate(time.Second))
		}
	}
	return false
}
