package chdb_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/chdb"
)

func TestFind(t *testing.T) {
	folder := t.TempDir()
	library := filepath.Join(folder, "lib.so")
	require.NoError(t, os.WriteFile(library, []byte("x"), 0o600))
	other := filepath.Join(folder, "other.so")
	require.NoError(t, os.WriteFile(other, []byte("x"), 0o600))
	missing := filepath.Join(folder, "missing.so")
	cached := filepath.Join(folder, "cache", "posthog-mcp", "libchdb-26.7.3-stable.1.so")
	require.NoError(t, os.MkdirAll(filepath.Dir(cached), 0o700))
	require.NoError(t, os.WriteFile(cached, []byte("x"), 0o600))
	inHome := filepath.Join(folder, "home", ".cache", "posthog-mcp", "libchdb-26.7.3-stable.1.so")
	require.NoError(t, os.MkdirAll(filepath.Dir(inHome), 0o700))
	require.NoError(t, os.WriteFile(inHome, []byte("x"), 0o600))

	tests := []struct {
		name, explicit, sandbox, chdb string
		cache, want, fault            string
	}{
		{name: "flag", explicit: library, sandbox: missing, chdb: missing, want: library},
		{name: "flag that is wrong is never skipped", explicit: missing, sandbox: library, fault: "--libchdb names the engine's library, but stat " + missing},
		{name: "flag that names a folder", explicit: folder, fault: folder + " is not a file"},
		{name: "variable", sandbox: library, chdb: other, want: library},
		{name: "variable that is wrong", sandbox: missing, chdb: library, fault: "POSTHOG_SANDBOX_LIBCHDB names the engine's library, but"},
		{name: "chDB's variable", chdb: library, cache: filepath.Join(folder, "cache"), want: library},
		{name: "chDB's variable that is wrong", chdb: missing, cache: filepath.Join(folder, "cache"), fault: "CHDB_LIB_PATH names the engine's library, but"},
		{name: "cache folder", cache: filepath.Join(folder, "cache"), want: cached},
		{name: "cache folder at home", want: inHome},
		{name: "nowhere", cache: filepath.Join(folder, "empty"), fault: "run: make engine"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HOME", filepath.Join(folder, "home"))
			t.Setenv("XDG_CACHE_HOME", test.cache)
			t.Setenv("POSTHOG_SANDBOX_LIBCHDB", test.sandbox)
			t.Setenv("CHDB_LIB_PATH", test.chdb)
			path, tried, err := chdb.Find(test.explicit)
			require.NotEmpty(t, tried)
			if test.fault != "" {
				require.ErrorContains(t, err, test.fault)
				require.Empty(t, path)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, path)
			require.Equal(t, test.want, tried[len(tried)-1])
		})
	}
}

func TestFindNamesEveryPlace(t *testing.T) {
	for name, value := range map[string]string{
		"HOME": t.TempDir(), "XDG_CACHE_HOME": "", "POSTHOG_SANDBOX_LIBCHDB": "", "CHDB_LIB_PATH": "",
	} {
		t.Setenv(name, value)
	}
	_, tried, err := chdb.Find("")
	require.Error(t, err)
	require.Len(t, tried, 3)
	for _, place := range tried {
		require.ErrorContains(t, err, place)
	}
}

func TestOpenRefusesWhatIsNoEngine(t *testing.T) {
	text := filepath.Join(t.TempDir(), "notes.so")
	require.NoError(t, os.WriteFile(text, []byte("not a library"), 0o600))
	tests := []struct{ name, path, want string }{
		{"no path", "", "open engine: no library file is named"},
		{"missing", filepath.Join(t.TempDir(), "missing.so"), "cannot be loaded: "},
		{"a text", text, "cannot be loaded: "},
		{"another library", "libm.so.6", "libm.so.6 is not a chDB library of version 26.7.3 or newer: it has no function chdb_"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			engine, err := chdb.Open(test.path)
			require.ErrorContains(t, err, test.want)
			require.Nil(t, engine)
		})
	}
}

func TestOpenNeedsAFolderForTables(t *testing.T) {
	path, _, err := chdb.Find("")
	require.NoError(t, err, "run: make engine")
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	_, err = chdb.Open(path)
	require.ErrorContains(t, err, "make a folder for the engine's tables")
}
