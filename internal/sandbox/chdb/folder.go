package chdb

import (
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
	lockFile     = "owner.lock"
)

// folder is a temporary folder that belongs to this process as long as the
// lock on its lock file is held.
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
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		_ = os.RemoveAll(path)
		return nil, fmt.Errorf("lock the folder of the engine's tables: %w", err)
	}
	f := &folder{path: path, lock: lock}
	if !tryLock(lock) {
		_ = f.remove()
		return nil, fmt.Errorf("lock the folder of the engine's tables: %s does not support locks", dir)
	}
	final := filepath.Join(dir, folderPrefix+strings.TrimPrefix(filepath.Base(path), newPrefix))
	if err := os.Rename(path, final); err != nil {
		_ = f.remove()
		return nil, fmt.Errorf("name the folder of the engine's tables: %w", err)
	}
	f.path = final
	return f, nil
}

func (f *folder) remove() error {
	defer f.lock.Close()
	return os.RemoveAll(f.path)
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
		lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if tryLock(lock) {
			_ = os.RemoveAll(path)
		}
		_ = lock.Close()
	}
}
