package sandbox

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var relativeDate = regexp.MustCompile(`^-?(\d*)([hdwmqy])(Start|End)?$`)

// parseDate reads a date of a filter: ISO (in the project's zone unless it names one) or relative, such as
// -7d, -2w, -1m, -1h, dStart, -1mStart. all is true for "all", which means no bound.
func parseDate(text string, now time.Time, zone *time.Location) (t time.Time, all bool, err error) {
	if text == "all" {
		return time.Time{}, true, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04"} {
		if t, err = time.ParseInLocation(layout, text, zone); err == nil {
			return t, false, nil
		}
	}
	if t, err = time.Parse(time.RFC3339Nano, text); err == nil {
		return t, false, nil
	}
	m := relativeDate.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false, fmt.Errorf("the date %q is neither ISO 8601 nor relative, as -7d is", text)
	}
	n := 0
	if m[1] != "" {
		if n, err = strconv.Atoi(m[1]); err != nil || n > 100_000 {
			return time.Time{}, false, fmt.Errorf("the date %q is out of range", text)
		}
	}
	t = shift(now.In(zone), -n, m[2])
	switch m[3] {
	case "Start":
		t = startOf(t, m[2])
	case "End":
		t = shift(startOf(t, m[2]), 1, m[2]).Add(-time.Microsecond)
	}
	return t, false, nil
}

// shift moves an instant by n units. Months keep their last day: a month before 31 March is 28 February.
func shift(t time.Time, n int, unit string) time.Time {
	switch unit {
	case "h":
		return t.Add(time.Duration(n) * time.Hour)
	case "d":
		return t.AddDate(0, 0, n)
	case "w":
		return t.AddDate(0, 0, 7*n)
	case "q":
		n *= 3
	case "y":
		n *= 12
	}
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location()).AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// startOf cuts an instant to the beginning of its unit; weeks begin on Sunday.
func startOf(t time.Time, unit string) time.Time {
	year, month, day := t.Date()
	hour := 0
	switch unit {
	case "h":
		hour = t.Hour()
	case "w":
		day -= int(t.Weekday())
	case "m":
		day = 1
	case "q":
		month, day = (month-1)/3*3+1, 1
	case "y":
		month, day = 1, 1
	}
	return time.Date(year, month, day, hour, 0, 0, 0, t.Location())
}

// isoText is an instant as HogQL's toDateTime reads it together with the zone UTC.
func isoText(t time.Time) string {
	return strings.TrimSuffix(t.UTC().Format("2006-01-02 15:04:05.000000"), ".000000")
}
