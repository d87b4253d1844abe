package config

import (
	"fmt"
	"strings"
)

// Fault is one mistake in the environment. It never holds the value.
type Fault struct {
	Variable string // the name as it was set, or as it should be set
	Problem  string // what is wrong, a clause: "is missing", "must be …"
	Example  string // a line that would be right
}

// Faults are all mistakes found, in the order of the variables.
type Faults struct{ List []Fault }

// Error lists every fault on a line of its own.
func (f *Faults) Error() string {
	var b strings.Builder
	if len(f.List) == 1 {
		b.WriteString("1 fault in the configuration:")
	} else {
		fmt.Fprintf(&b, "%d faults in the configuration:", len(f.List))
	}
	for _, x := range f.List {
		fmt.Fprintf(&b, "\n  %s %s", x.Variable, x.Problem)
		if x.Example != "" {
			fmt.Fprintf(&b, ". Example: %s", x.Example)
		}
	}
	return b.String()
}

// add notes a fault.
func (f *Faults) add(variable, example, format string, args ...any) {
	f.List = append(f.List, Fault{variable, fmt.Sprintf(format, args...), example})
}
