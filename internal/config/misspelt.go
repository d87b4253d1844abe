package config

import (
	"fmt"
	"slices"
	"strings"
)

// misspelt warns about names at edit distance 1 or 2 from a known variable, or equal but for case. All
// other names are left alone: agents and orchestrators set POSTHOG_… and MCP_… names of their own.
func misspelt(environ []string) []string {
	var known []string
	for _, v := range Variables() {
		known = append(known, v.Name)
	}
	var out []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		upper := strings.ToUpper(name)
		if slices.Contains(known, name) || strings.HasPrefix(value, "tcp://") { // tcp://: service links of container platforms
			continue
		}
		best, nearest := 3, ""
		for _, k := range known {
			if d := distance(upper, k, best); d < best {
				best, nearest = d, k
			}
		}
		if nearest != "" {
			out = append(out, fmt.Sprintf("%s is not read: is %s meant?", name, nearest))
		}
	}
	slices.Sort(out)
	return out
}

// distance is the number of single changes (insert, delete, replace, swap of neighbours) between two
// texts, or limit when there are that many or more.
func distance(a, b string, limit int) int {
	if abs(len(a)-len(b)) >= limit {
		return limit
	}
	before, previous, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, previous, row = previous, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return min(row[len(b)], limit)
}

func abs(n int) int { return max(n, -n) }
