// measure prints how long hostile texts take: with the limits switched off in sizes that grow by four, and as
// long as the default limits allow. It fails where time grows faster than the text, or where an answer within
// the limits comes late.
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/hogql/hostile"
)

// What is too slow.
const (
	growth   = 4                      // of the size from one column to the next
	mostSlow = 5                      // times as long for a text of growth times the size
	noise    = 50 * time.Millisecond  // shorter times say nothing about growth
	mostWait = 100 * time.Millisecond // for an answer within the default limits

	mostMemory = 6 << 30 // before the collector comes in the middle of a run
)

func main() {
	largest := flag.Int("mb", 16, "size of the largest text")
	only := flag.String("only", "", "measure the attacks whose name contains this")
	flag.Parse()
	slow := measure(os.Stdout, *largest<<20, *only)
	if slow > 0 {
		fmt.Fprintf(os.Stderr, "measure: %d attacks are too slow\n", slow)
		os.Exit(1)
	}
}

// measure prints a line for each attack and returns how many are too slow.
func measure(w io.Writer, largest int, only string) (slow int) {
	sizes := []int{largest / growth / growth, largest / growth, largest}
	fmt.Fprintf(w, "%-32s %9s %9s %9s %6s %6s  %s\n", "attack", mb(sizes[0]), mb(sizes[1]), mb(sizes[2]), "factor", "factor", "default limits")
	for _, a := range hostile.Attacks() {
		if !strings.Contains(a.Name, only) {
			continue
		}
		times := make([]time.Duration, len(sizes))
		for i, size := range sizes {
			times[i] = unlimited(a.Text(size))
		}
		for again := 0; tooMuch(times) && again < 3; again++ { // a fault shows each time, chance does not
			times[0] = max(times[0], unlimited(a.Text(sizes[0])))
			for i, size := range sizes[1:] {
				times[i+1] = min(times[i+1], unlimited(a.Text(size)))
			}
		}
		wait := max(limited(a.Text(hogql.DefaultMaxBytes)), limited(a.Text(sizes[0])))
		verdict := ""
		first, second := factor(times[0], times[1]), factor(times[1], times[2])
		if tooMuch(times) {
			verdict = "  TOO SLOW"
		}
		if wait > mostWait {
			verdict = "  TOO SLOW"
		}
		if verdict != "" {
			slow++
		}
		fmt.Fprintf(w, "%-32s %9s %9s %9s %6.1f %6.1f %9s%s\n", a.Name, ms(times[0]), ms(times[1]), ms(times[2]), first, second, ms(wait), verdict)
	}
	return slow
}

func mb(size int) string {
	if size < 1<<20 {
		return fmt.Sprintf("%d KB", size>>10)
	}
	return fmt.Sprintf("%d MB", size>>20)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

// tooMuch says whether time grew faster than the text. One step alone may be of caches and new memory: both together
// are judged, and each only where time grew with the square.
func tooMuch(times []time.Duration) bool {
	if times[2] < noise {
		return false
	}
	first, second := factor(times[0], times[1]), factor(times[1], times[2])
	return first*second > mostSlow*mostSlow || times[1] > noise && first > 2*mostSlow || second > 2*mostSlow
}

func factor(small, large time.Duration) float64 { return float64(large) / float64(max(small, 1)) }

// timed returns the least that run took. The collector works between runs only, up to a bound of memory: when it
// comes by is chance, and its share would be taken for the parser's.
func timed(run func()) time.Duration {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(mostMemory))
	least := time.Duration(math.MaxInt64)
	for i := range 3 {
		runtime.GC()
		start := spent()
		run()
		least = min(least, spent()-start)
		if i > 0 && least > mostWait {
			break
		}
	}
	return least
}

// unlimited measures the reading of text without limits and, where it is HogQL, walking, printing and comparing
// the tree.
func unlimited(text string) time.Duration {
	o := hogql.Options{MaxBytes: -1, MaxDepth: -1, MaxNodes: -1}
	return timed(func() {
		q, err := o.Parse(text)
		if err != nil {
			_ = err.Error()
			return
		}
		for range hogql.All(q) {
		}
		_ = hogql.Print(q)
		hogql.Equal(q, q)
	})
}

// limited measures what a query costs before it is sent or refused: the default limits, the checker, the printer.
func limited(text string) time.Duration {
	cat := hogql.BuiltIn()
	return timed(func() {
		q, err := hogql.Parse(text)
		if err != nil {
			_ = err.Error()
			return
		}
		hogql.Check(q, cat, hogql.CheckOptions{Source: text})
		_ = hogql.Print(q)
	})
}
