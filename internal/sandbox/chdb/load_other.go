//go:build !linux && !darwin

package chdb

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// load fails: ClickHouse, which chDB is made of, is not built for this system.
func load(string) (*library, error) {
	return nil, fmt.Errorf("there is no sandbox engine for %s: use WSL 2 or a Linux container", runtime.GOOS)
}

func flock(*os.File) error { return errors.ErrUnsupported }

func ownedByUs(os.FileInfo) bool { return false }
