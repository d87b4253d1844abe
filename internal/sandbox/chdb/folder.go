package chdb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The engine keeps its tables in a folder of its own below the temporary one.
// Without a path chDB would make one that stays behind.
const (
	folderPrefix = "posthog-sandbox-engine-"
	newPrefix    = "posthog-sandbox-new-"
)

// folder is a temporary folder that belongs to this process as long as the
// lock on it is held.
type folder struct {
	path string
	lock *os.File
}

// newFolder makes a folder below dir and locks it. It gets the name by which
// removeLeftovers knows it only when it is locked.
func newFolder(dir string) (*folder, error) {
	path, err := os.MkdirTemp(dir, newPrefix)
	if err != nil {
		return nil, fmt.Errorf("make a folder for the engine's tables: %w", err)
	}
	lock, err := lockFolder(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the folder of the engine's tables: %w", err), os.RemoveAll(path))
	}
	f := &folder{path: path, lock: lock}
	final := filepath.Join(dir, folderPrefix+strings.TrimPrefix(filepath.Base(path), newPrefix))
	if err := os.Rename(path, final); err != nil {
		return nil, errors.Join(fmt.Errorf("name the folder of the engine's tables: %w", err), f.remove())
	}
	f.path = final
	return f, nil
}

// remove deletes the folder and gives the lock back.
func (f *folder) remove() error {
	return errors.Join(os.RemoveAll(f.path), f.lock.Close())
}

// lockFolder takes the exclusive lock of a folder without waiting for it. It
// is held until the file is closed or the process ends, however it ends.
func lockFolder(path string) (*os.File, error) {
	lock, err := os.OpenInRoot(path, ".")
	if err != nil {
		return nil, err
	}
	if err := flock(lock); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// removeLeftovers removes the folders of processes that are gone: those of
// this user whose lock nobody holds. What it cannot remove it leaves.
func removeLeftovers(dir string) {
	paths, _ := filepath.Glob(filepath.Join(dir, folderPrefix+"*"))
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil || !info.IsDir() || !ownedByUs(info) {
			continue
		}
		if lock, err := lockFolder(path); err == nil {
			_ = (&folder{path: path, lock: lock}).remove()
		}
	}
}
