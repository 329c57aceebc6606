// Command runc runs the real runc. Before that, it removes the capabilities and resource limits that this machine may not
// grant from the container's specification. So "privileged" means "as privileged as the machine". Without it
// `docker run --privileged` fails on a machine without CAP_SYS_RESOURCE. The engine that dev/ starts uses it, and so does
// the node inside.
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	real           = "/usr/sbin/runc"
	capSysResource = 24 // the bit in /proc/self/status
)

func main() {
	file, process := target(os.Args[1:])
	if file != "" && lacks(capSysResource) {
		if err := bound(file, process); err != nil {
			log.Fatalf("runc: %s: %v", file, err)
		}
	}
	log.Fatal(syscall.Exec(real, append([]string{"runc"}, os.Args[1:]...), os.Environ()))
}

// target finds the file with the specification of the process, and reports whether it contains only that.
func target(args []string) (file string, processOnly bool) {
	verb, bundle, process := "", ".", ""
	for i, a := range args {
		next := func() string {
			if i+1 < len(args) {
				return args[i+1]
			}
			return ""
		}
		name, value, joined := strings.Cut(a, "=")
		if !joined {
			value = next()
		}
		switch name {
		case "--bundle", "-b":
			bundle = value
		case "--process", "-p":
			process = value
		case "create", "run", "exec", "restore":
			if verb == "" {
				verb = a
			}
		}
	}
	switch verb {
	case "create", "run", "restore":
		return filepath.Join(bundle, "config.json"), false
	case "exec":
		return process, true
	}
	return "", false
}

// lacks reports whether even root cannot have this capability here.
func lacks(capability uint) bool {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false
	}
	for _, line := range strings.Split(string(status), "\n") {
		if v, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			set, err := strconv.ParseUint(strings.TrimSpace(v), 16, 64)
			return err == nil && set>>capability&1 == 0
		}
	}
	return false
}

func bound(file string, processOnly bool) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var spec map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&spec); err != nil {
		return err
	}
	process := spec
	if !processOnly {
		process, _ = spec["process"].(map[string]any)
	}
	if process == nil {
		return nil
	}
	delete(process, "rlimits")
	sets, _ := process["capabilities"].(map[string]any)
	for name, v := range sets {
		list, _ := v.([]any)
		kept := []any{}
		for _, c := range list {
			if c != "CAP_SYS_RESOURCE" {
				kept = append(kept, c)
			}
		}
		sets[name] = kept
	}
	out, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	return os.WriteFile(file, out, 0o600)
}
