package main

import (
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// initProcess is process 1 of the container: it runs the server as a child, forwards signals, and reaps orphaned
// processes. It does not return.
func initProcess() {
	self, err := os.Executable()
	must(err)
	signals := make(chan os.Signal, 32)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	child, err := os.StartProcess(self, append([]string{self}, os.Args...),
		&os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Env: os.Environ()})
	must(err)
	for s := range signals {
		if s != syscall.SIGCHLD {
			_ = child.Signal(s)
			continue
		}
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			if pid <= 0 || err != nil {
				break
			}
			if pid == child.Pid {
				os.Exit(status.ExitStatus())
			}
		}
	}
}

// run starts a program, restarts it when it ends, and writes its output to /var/log. A name without a path is a component
// of this program.
func run(name string, args ...string) {
	program, err := os.Executable()
	must(err)
	if strings.HasPrefix(name, "/") {
		program = name
	} else {
		args = append([]string{name}, args...)
	}
	output, err := os.OpenFile("/var/log/"+filepath.Base(name)+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	must(err)
	go func() {
		for {
			c := exec.Command(program, args...)
			c.Stdout, c.Stderr = output, output
			log.Printf("%s ended: %v", name, c.Run())
			time.Sleep(time.Second)
		}
	}()
}

func waitFor(what string, ok func() bool) {
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	log.Fatalf("gave up waiting for %s; see /var/log", what)
}
