package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// faultHeader asks for a fault for one request; its value is a fault as ParseFault reads it.
const faultHeader = "X-Sandbox-Fault"

// Fault is one way in which the server misbehaves.
type Fault struct {
	Kind  string // a name of the table of faults, or chaos
	Arg   string // "" for the kind's default
	Times int    // how many requests it meets; 0 means all

	wait   time.Duration // Arg of the kinds that take a duration
	number uint64        // Arg of the kinds that take a number
}

// String returns the fault as ParseFault reads it.
func (f Fault) String() string {
	s := f.Kind
	if f.Arg != "" {
		s += ":" + f.Arg
	}
	if f.Times > 0 {
		s += "*" + strconv.Itoa(f.Times)
	}
	return s
}

// ParseFault reads KIND[:ARG][*TIMES], for example 503busy*2, slow:250ms or chaos:7. The error names the
// kinds that there are.
func ParseFault(spec string) (Fault, error) {
	var f Fault
	rest, times, counted := strings.Cut(strings.TrimSpace(spec), "*")
	if counted {
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 {
			return Fault{}, fmt.Errorf("fault %q: %q is no number of times; write for example 503busy*2", spec, times)
		}
		f.Times = n
	}
	f.Kind, f.Arg, _ = strings.Cut(rest, ":")
	kind, known := lookupFault(f.Kind)
	if !known {
		return Fault{}, fmt.Errorf("fault %q: unknown kind %q; there are %s", spec, f.Kind, strings.Join(FaultKinds(), ", "))
	}
	if err := kind.readArg(&f); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", spec, err)
	}
	return f, nil
}

// readArg checks what stands behind the colon and reads it; nothing there means what is usual for the kind.
func (k faultKind) readArg(f *Fault) (err error) {
	arg := f.Arg
	if arg == "" {
		if arg = k.usual; arg == "" && k.arg != noArg && k.arg != wordArg {
			return fmt.Errorf("%s needs a %s; write for example %s:%s", k.name, k.arg, k.name, k.arg.example())
		}
	}
	switch {
	case arg == "":
	case k.arg == noArg:
		return fmt.Errorf("%s takes nothing behind a colon", k.name)
	case k.arg == wordArg && arg != wordArg.example():
		err = errors.New("unknown")
	case k.arg == durationArg || k.arg == offsetArg:
		if f.wait, err = time.ParseDuration(arg); err == nil && k.arg == durationArg && f.wait < 0 {
			err = errors.New("negative")
		}
	case k.arg != wordArg:
		f.number, err = strconv.ParseUint(arg, 10, 32)
	}
	if err != nil {
		return fmt.Errorf("%q is no %s; write for example %s:%s", arg, k.arg, k.name, k.arg.example())
	}
	return nil
}

// FaultKinds returns how each kind is written, in the order of the table.
func FaultKinds() []string {
	var written []string
	for _, k := range faultTable() {
		switch arg := strings.ToUpper(string(k.arg)); {
		case k.arg == noArg:
			written = append(written, k.name)
		case k.arg == wordArg:
			written = append(written, k.name+"[:"+wordArg.example()+"]")
		case k.usual == "":
			written = append(written, k.name+":"+arg)
		default:
			written = append(written, k.name+"[:"+arg+"]")
		}
	}
	return written
}

// FaultNames returns the name of each kind, in the order of the table; not chaos, which is a mix of them.
func FaultNames() []string {
	var names []string
	for _, k := range faultTable() {
		if k.name != chaosName {
			names = append(names, k.name)
		}
	}
	return names
}

func lookupFault(name string) (faultKind, bool) {
	table := faultTable()
	i := slices.IndexFunc(table, func(k faultKind) bool { return k.name == name })
	if i < 0 {
		return faultKind{}, false
	}
	return table[i], true
}

// faults are those that wait for a request, in order.
type faults struct {
	mu       sync.Mutex
	list     []Fault
	requests int // that chaos has seen
}

// set replaces the faults; chaos begins again with its first request.
func (f *faults) set(list []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list, f.requests = slices.Clone(list), 0
}

// take returns the first fault that meets a request, and counts it.
func (f *faults) take(query bool) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := 0; i < len(f.list); i++ {
		fault := f.list[i]
		if kind, _ := lookupFault(fault.Kind); kind.engine && !query {
			continue
		}
		if fault.Times > 0 {
			if f.list[i].Times--; f.list[i].Times == 0 {
				f.list = slices.Delete(f.list, i, i+1)
				i--
			}
		}
		if fault, found := f.draw(fault, query); found {
			return fault, true
		}
	}
	return Fault{}, false
}

// own returns the fault that a request asks for itself.
func (f *faults) own(fault Fault, query bool) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.draw(fault, query)
}

// draw returns the fault itself, or what chaos has for the next request; none where the kind does not meet
// the request.
func (f *faults) draw(fault Fault, query bool) (Fault, bool) {
	found := true
	if fault.Kind == chaosName {
		f.requests++
		fault, found = Chaos(fault.number, f.requests)
	}
	kind, _ := lookupFault(fault.Kind)
	return fault, found && (query || !kind.engine)
}

// withFaults answers with the request's own fault, or the next one that waits, or else as it should.
func (s *Server) withFaults(w http.ResponseWriter, c *call, next respond) {
	query := c.isQuery()
	fault, found := Fault{}, false
	if spec := c.Header.Get(faultHeader); spec != "" {
		f, err := ParseFault(spec)
		if err != nil {
			refuse(w, invalidInput(faultHeader, "%s", err))
			return
		}
		fault, found = s.faults.own(f, query)
	} else {
		fault, found = s.faults.take(query)
	}
	if !found {
		next(w)
		return
	}
	s.counters.fault(fault.Kind)
	ctx, stop := context.WithCancel(c.Context())
	defer stop()
	defer context.AfterFunc(s.ctx, stop)() // the server's end is the end of a fault that waits
	kind, _ := lookupFault(fault.Kind)
	kind.serve(fault, w, c.WithContext(ctx), next)
}
