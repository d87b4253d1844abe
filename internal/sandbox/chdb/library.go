package chdb

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"
)

// minimumVersion is the oldest libchdb that can live in a Go process: older
// ones reset the Go runtime's signal handlers in the very call that is meant
// to leave them alone.
const minimumVersion = "26.7.3"

// library is the part of chDB's C interface (chdb.h) that the engine uses.
// Pointers to the library's own memory are held as uintptr: they mean nothing
// to the garbage collector.
type library struct {
	version           func() string
	setSignalHandlers func(enabled int32)
	connect           func(argc int32, argv **byte) *uintptr
	disconnect        func(connection *uintptr)
	query             func(connection uintptr, sql *byte, sqlLen uintptr, format *byte, formatLen uintptr) uintptr
	free              func(result uintptr)
	buffer            func(result uintptr) *byte
	length            func(result uintptr) uintptr
	failure           func(result uintptr) string
	elapsed           func(result uintptr) float64
	rowsRead          func(result uintptr) uint64
	bytesRead         func(result uintptr) uint64
}

// checkVersion fails for a library that is older than minimumVersion.
func checkVersion(version string) error {
	var have, want [3]int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &have[0], &have[1], &have[2]); err != nil {
		return fmt.Errorf("version %q cannot be read: %s or newer is needed", version, minimumVersion)
	}
	_, _ = fmt.Sscanf(minimumVersion, "%d.%d.%d", &want[0], &want[1], &want[2])
	if slices.Compare(have[:], want[:]) < 0 {
		return fmt.Errorf("version %q is too old: %s or newer is needed", version, minimumVersion)
	}
	return nil
}

// connection is one session of the engine. It runs one statement at a time:
// the caller sees to it, and never closes it while one runs.
type connection struct {
	lib    *library
	handle *uintptr
}

// errRefused is what chDB's silent NULL for a connection comes to.
var errRefused = errors.New("the engine refused the connection without saying why")

// dial opens a session. The arguments are ClickHouse's own, "--name=value".
func dial(lib *library, args []string) (*connection, error) {
	argv := make([]*byte, 0, len(args)+1)
	for _, arg := range append([]string{"clickhouse"}, args...) {
		if strings.IndexByte(arg, 0) >= 0 {
			return nil, fmt.Errorf("argument %q has a zero byte", arg)
		}
		argv = append(argv, &append([]byte(arg), 0)[0])
	}
	handle := lib.connect(int32(len(argv)), &argv[0])
	runtime.KeepAlive(argv)
	if handle == nil {
		return nil, errRefused
	}
	return &connection{lib: lib, handle: handle}, nil
}

func (c *connection) close() { c.lib.disconnect(c.handle) }

// answer is one statement's output, copied out of the library's memory.
type answer struct {
	text                []byte
	rowsRead, bytesRead uint64
	elapsed             time.Duration
}

// run executes one statement and returns its output in the given ClickHouse
// format. The error is an *Error with ClickHouse's code.
//
// After a statement that failed while running, the connection holds its
// partial output and puts it in front of the next one's: a connection whose
// output is read serves for one statement only.
func (c *connection) run(sql, format string) (*answer, error) {
	text, kind := append([]byte(sql), 0), append([]byte(format), 0)
	result := c.lib.query(*c.handle, &text[0], uintptr(len(sql)), &kind[0], uintptr(len(format)))
	if result == 0 {
		return nil, &Error{Message: "the engine gave no result"}
	}
	defer c.lib.free(result)
	if text := c.lib.failure(result); text != "" {
		return nil, parseError(text)
	}
	a := &answer{
		rowsRead:  c.lib.rowsRead(result),
		bytesRead: c.lib.bytesRead(result),
		elapsed:   time.Duration(c.lib.elapsed(result) * float64(time.Second)),
	}
	if n := c.lib.length(result); n > 0 {
		//nolint:gosec // the library's own memory, n bytes long, copied before it is freed
		a.text = bytes.Clone(unsafe.Slice(c.lib.buffer(result), n))
	}
	return a, nil
}
