package driver

import (
	"encoding/json"
	"strings"
)

// shapeLength is how many characters of a JSON value its shape is read from, and shapeNames how many names one object of
// it shows.
const (
	shapeLength = 4000
	shapeNames  = 12
)

// jsonShape says what a JSON object or array holds, by its names: [{type, value, stacktrace {frames [{function}]}}].
// The text may be cut: the shape is that of what is there. It is "" for anything else.
func jsonShape(text string) string {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[{") {
		return ""
	}
	d := json.NewDecoder(strings.NewReader(text))
	shape, _ := shapeOf(d)
	return shape
}

// shapeOf reads one value; false at the end of the text or where it is no JSON.
func shapeOf(d *json.Decoder) (shape string, whole bool) {
	t, err := d.Token()
	if err != nil {
		return "", false
	}
	switch t {
	case json.Delim('{'):
		return objectShape(d)
	case json.Delim('['):
		first := ""
		for i := 0; d.More(); i++ {
			s, ok := shapeOf(d)
			if first == "" {
				first = s
			}
			if !ok {
				return "[" + first + "]", false
			}
		}
		_, err = d.Token()
		return "[" + first + "]", err == nil
	}
	return "", true
}

func objectShape(d *json.Decoder) (shape string, whole bool) {
	var names []string
	whole = true
	for whole && d.More() {
		name, err := d.Token()
		text, ok := name.(string)
		if err != nil || !ok {
			whole = false
			break
		}
		var inner string
		if inner, whole = shapeOf(d); inner != "" && inner != "[]" {
			inner = " " + inner
		}
		names = append(names, shorten(clean(text), 40)+inner)
	}
	if whole {
		_, err := d.Token()
		whole = err == nil
	}
	if more := len(names) - shapeNames; more > 0 {
		names = append(names[:shapeNames], "…")
	}
	return "{" + strings.Join(names, ", ") + "}", whole
}
