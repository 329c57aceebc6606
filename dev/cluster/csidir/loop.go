package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	loopMajor = 7
	loops     = 64 // nodes to create; the kernel creates devices when they are needed
	sector    = 512
)

// prepareLoops creates the nodes of loop devices, for the kubelet too: a container's /dev has only those that existed when
// it was created. It also releases devices whose volume does not exist any more: those of a cluster that was killed.
func prepareLoops(root string) {
	for i := range loops {
		node := fmt.Sprintf("/dev/loop%d", i)
		if err := unix.Mknod(node, unix.S_IFBLK|0o660, int(unix.Mkdev(loopMajor, uint32(i)))); err != nil && err != unix.EEXIST {
			log.Printf("no raw block volumes here: %s: %v", node, err)
			return
		}
	}
	volumes := strings.TrimPrefix(filepath.Join(root, volumes), kubelet)
	files, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, f := range files {
		data, _ := os.ReadFile(f)
		if file, gone := strings.CutSuffix(strings.TrimSpace(string(data)), " (deleted)"); gone && strings.Contains(file, volumes+"/") {
			log.Printf("releasing %s: %v", file, run("losetup", "-d", "/dev/"+strings.Split(f, "/")[3]))
		}
	}
}

// publishLoop makes target the device of a file. Pods that share a volume share the device, otherwise they would not see
// the writes of the others.
func publishLoop(file, target string) error {
	device, err := loopOf(file)
	if err != nil {
		return err
	}
	if device == "" {
		if err := run("losetup", "-f", file); err != nil {
			return err
		}
		if device, err = loopOf(file); err != nil {
			return err
		}
	}
	var s unix.Stat_t
	if err := unix.Stat(device, &s); err != nil {
		return fmt.Errorf("%s: %w", device, err)
	}
	if err := os.RemoveAll(target); err != nil { // from before a restart of the node, maybe of another device
		return err
	}
	return unix.Mknod(target, unix.S_IFBLK|0o660, int(s.Rdev))
}

// publishedTo lists the pods (UIDs) that have a raw block volume. The provisioner gives volume and PersistentVolume the
// same name.
func publishedTo(volume string) (pods []string) {
	nodes, _ := filepath.Glob(filepath.Join(kubelet, "plugins/kubernetes.io/csi/volumeDevices/publish", volume, "*"))
	for _, n := range nodes {
		pods = append(pods, filepath.Base(n))
	}
	return pods
}

func detachLoop(file string) error {
	device, err := loopOf(file)
	if err != nil || device == "" {
		return err
	}
	return run("losetup", "-d", device)
}

// flushLoop flushes the writes to the device into the file.
func flushLoop(file string) error {
	device, err := loopOf(file)
	if err != nil || device == "" {
		return err
	}
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// loopOf finds the loop device of a file; it is empty if there is none.
func loopOf(file string) (string, error) {
	if _, err := os.Stat(file); os.IsNotExist(err) {
		return "", nil
	}
	out, err := exec.Command("losetup", "--noheadings", "--output", "NAME", "--associated", file).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("losetup: %w: %s", err, out)
	}
	device, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(device), nil
}

func run(command string, arguments ...string) error {
	if out, err := exec.Command(command, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(string(out)))
	}
	return nil
}
