package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// temporary marks files that are still being written.
const temporary = ".upload-"

// files stores uploads in one flat directory.
type files struct{ dir string }

type file struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// open creates the directory and removes unfinished files of a killed server.
func (s *files) open() error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(s.dir, temporary+"*"))
	for _, f := range left {
		err = errors.Join(err, os.Remove(f))
	}
	return err
}

// put answers 201 with the checksum once the complete file is on disk under its name.
func (s *files) put(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !plain(name) {
		fail(w, r, http.StatusBadRequest, errors.New("a file's name has no slash and no leading dot"))
		return
	}
	sum, err := s.write(name, r.Body)
	if err != nil {
		fail(w, r, http.StatusInternalServerError, err)
		return
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(file{name, sum})
}

func plain(name string) bool {
	return name != "" && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, "/\x00")
}

func (s *files) write(name string, content io.Reader) (sum string, err error) {
	f, err := os.CreateTemp(s.dir, temporary)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	h := sha256.New()
	if _, err = io.Copy(io.MultiWriter(f, h), content); err != nil {
		return "", err
	}
	if err = f.Chmod(0o644); err != nil {
		return "", err
	}
	if err = f.Sync(); err != nil {
		return "", err
	}
	if err = f.Close(); err != nil {
		return "", err
	}
	if err = os.Rename(f.Name(), filepath.Join(s.dir, name)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), s.syncDirectory()
}

// syncDirectory makes a rename durable.
func (s *files) syncDirectory() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (s *files) get(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !plain(name) {
		http.NotFound(w, r)
		return
	}
	http.ServeFile(w, r, filepath.Join(s.dir, name))
}

// list reads every file: it reports the files on disk, not earlier answers.
func (s *files) list(w http.ResponseWriter, r *http.Request) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		fail(w, r, http.StatusInternalServerError, err)
		return
	}
	all := []file{}
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		sum, err := checksum(filepath.Join(s.dir, e.Name()))
		if err != nil {
			fail(w, r, http.StatusInternalServerError, err)
			return
		}
		all = append(all, file{e.Name(), sum})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(all)
}

func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
