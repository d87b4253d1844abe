package ask

import (
	"encoding/json"
	"fmt"
)

// Derive is one line that follows from the rows of the plan's answer, cells as JSON gives them (json.Number, string, nil);
// "" where there is none.
func (p *Plan) Derive(rows [][]any) string {
	switch p.Kind {
	case Comparison:
		if len(rows) != 2 {
			return ""
		}
		now, ok := number(rows[0], 1)
		before, ok2 := number(rows[1], 1)
		if !ok || !ok2 {
			return ""
		}
		if before == 0 {
			return fmt.Sprintf("change: %+.6g; in per cent it is not defined, because the value before is 0", now-before)
		}
		return fmt.Sprintf("change: %+.6g (%+.1f %%)", now-before, (now-before)/before*100)
	case Funnel:
		if len(rows) != len(p.Steps) {
			return ""
		}
		first, ok := number(rows[0], 2)
		last, ok2 := number(rows[len(rows)-1], 2)
		if !ok || !ok2 || first == 0 {
			return ""
		}
		return fmt.Sprintf("conversion: %.6g of %.6g people (%.1f %%); %.6g dropped off", last, first, last/first*100, first-last)
	case Drivers:
		return "these go with converting; that is no proof of cause. p-values are corrected for the number of things compared"
	case Stickiness:
		if p.Ratio && len(rows) == 1 {
			if ratio, ok := number(rows[0], 2); ok {
				return fmt.Sprintf("daily / monthly active people: %.1f %%", ratio*100)
			}
		}
	}
	return ""
}

func number(row []any, i int) (float64, bool) {
	if i >= len(row) {
		return 0, false
	}
	n, ok := row[i].(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}
