package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// freezer stops processes while a volume is copied. So the copy is like a snapshot of a disk: the state at one moment.
// The pod needs hostPID. A process that was stopped before is not changed.
type freezer struct {
	mu      sync.Mutex // one freeze at a time: the end of one must not wake processes that another one still needs stopped
	journal string     // the processes to wake, written before any process is stopped
}

// process identifies one process: its id may be used again, but then the start time differs.
type process struct {
	pid   int
	start string
}

const patience = 10 * time.Second // a process in an uninterruptible call stops when that call ends

// during runs the action while no process that has one of the paths mounted, or is in one of the pods (UIDs), can run.
// It wakes them in every case.
func (f *freezer) during(paths, pods []string, action func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.thawAll()
	begin := time.Now()
	n, err := f.freeze(paths, pods)
	if err != nil {
		return err
	}
	froze := time.Since(begin)
	err = action()
	log.Printf("%d processes were stopped for %v, of which %v to stop them", n, time.Since(begin).Round(time.Millisecond), froze.Round(time.Millisecond))
	return err
}

// freeze stops users of the paths until a scan finds no new one: a process may fork before it stops.
func (f *freezer) freeze(paths, pods []string) (int, error) {
	journal, err := os.OpenFile(f.journal, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer journal.Close()
	stopped := map[process]bool{}
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		moving := 0
		for _, p := range append(users(paths), members(pods)...) {
			if standing(p) {
				continue
			}
			moving++
			_, start := inspect(strconv.Itoa(p))
			who := process{p, start}
			if !stopped[who] {
				stopped[who] = true
				if _, err := fmt.Fprintln(journal, p, start); err != nil {
					return len(stopped), err
				}
				_ = syscall.Kill(p, syscall.SIGSTOP)
			}
		}
		if moving == 0 {
			return len(stopped), nil
		}
		if time.Now().After(deadline) {
			return len(stopped), fmt.Errorf("%d processes did not stop within %v", moving, patience)
		}
	}
}

// thawAll wakes all processes in the journal and then removes them from it.
func (f *freezer) thawAll() {
	data, err := os.ReadFile(f.journal)
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(data), "\n") {
		pid, start, ok := strings.Cut(line, " ")
		p, err := strconv.Atoi(pid)
		if !ok || err != nil {
			continue
		}
		if _, now := inspect(pid); now == start {
			_ = syscall.Kill(p, syscall.SIGCONT)
		}
	}
	_ = os.Remove(f.journal)
}

// users lists the processes that have one of the paths, or a path below it, mounted in their mount namespace. The node's
// own namespace and this driver's have every volume mounted below the kubelet's directory; they are not users.
func users(paths []string) (pids []int) {
	volumes := make([]mount, 0, len(paths))
	for _, p := range paths {
		volumes = append(volumes, origin(p))
	}
	known := map[string]bool{namespace("self"): false, namespace("1"): false}
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, e := range entries {
		pid := filepath.Base(e)
		ns := namespace(pid)
		if ns == "" {
			continue
		}
		uses, seen := known[ns]
		if !seen {
			uses = false
			for _, m := range mounts(e + "/mountinfo") {
				for _, v := range volumes {
					if m.device == v.device && below(m.root, v.root) && !below(m.point, kubelet) {
						uses = true
					}
				}
			}
			known[ns] = uses
		}
		if uses {
			n, _ := strconv.Atoi(pid)
			pids = append(pids, n)
		}
	}
	return pids
}

// members lists the processes of pods, which a control group names by the pod's UID.
func members(pods []string) (pids []int) {
	if len(pods) == 0 {
		return nil
	}
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, e := range entries {
		data, _ := os.ReadFile(e + "/cgroup")
		for _, uid := range pods {
			if strings.Contains(strings.ReplaceAll(string(data), "_", "-"), "pod"+uid) {
				n, _ := strconv.Atoi(filepath.Base(e))
				pids = append(pids, n)
				break
			}
		}
	}
	return pids
}

func namespace(pid string) string {
	ns, _ := os.Readlink("/proc/" + pid + "/ns/mnt")
	return ns
}

// standing reports whether no thread of a process can run.
func standing(pid int) bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*", pid))
	for _, t := range tasks {
		if state, _ := inspect(strings.TrimPrefix(t, "/proc/")); !strings.ContainsRune("TtZX", state) {
			return false
		}
	}
	return true
}

// inspect returns a process's or thread's state (proc_pid_stat(5)) and start time; X, dead, if there is none.
func inspect(task string) (state rune, start string) {
	data, err := os.ReadFile("/proc/" + task + "/stat")
	if err != nil {
		return 'X', ""
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	return rune(fields[0][0]), fields[19]
}

// mount is a line of mountinfo: the directory root of the file system on device is seen at point.
type mount struct{ device, root, point string }

func mounts(file string) (list []mount) {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if f := strings.Fields(s.Text()); len(f) > 4 {
			list = append(list, mount{f[2], f[3], f[4]})
		}
	}
	return list
}

// origin returns the file system and the directory in it that a path refers to.
func origin(path string) mount {
	var best mount
	for _, m := range mounts("/proc/self/mountinfo") {
		if below(path, m.point) && len(m.point) >= len(best.point) {
			best = m
		}
	}
	return mount{best.device, filepath.Join(best.root, strings.TrimPrefix(path, best.point)), path}
}

func below(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}
