//go:build linux || darwin

package chdb

import (
	"fmt"
	"os"
	"syscall"

	"github.com/ebitengine/purego"
)

// load opens the library file and binds its functions. Nothing of the engine
// runs yet but the library's own constructors.
func load(path string) (*library, error) {
	// The loader takes an empty name to mean the program itself.
	if path == "" {
		return nil, fmt.Errorf("no library file is named")
	}
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be loaded: %w", path, err)
	}
	lib := &library{}
	for name, function := range map[string]any{
		"chdb_version":                     &lib.version,
		"chdb_set_signal_handlers_enabled": &lib.setSignalHandlers,
		"chdb_connect":                     &lib.connect,
		"chdb_close_conn":                  &lib.disconnect,
		"chdb_query_n":                     &lib.query,
		"chdb_destroy_query_result":        &lib.free,
		"chdb_result_buffer":               &lib.buffer,
		"chdb_result_length":               &lib.length,
		"chdb_result_error":                &lib.failure,
		"chdb_result_elapsed":              &lib.elapsed,
		"chdb_result_storage_rows_read":    &lib.rowsRead,
		"chdb_result_storage_bytes_read":   &lib.bytesRead,
	} {
		address, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("%s is not a chDB library of version %s or newer: it has no function %s",
				path, minimumVersion, name)
		}
		purego.RegisterFunc(function, address)
	}
	return lib, nil
}

// flock takes the exclusive lock of an open file, without waiting.
func flock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// ownedByUs reports whether the file belongs to the user this process runs as.
func ownedByUs(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}
