package sandbox

import "time"

// stamp is an instant as PostHog's answers show it: UTC with Z, and six fractional digits unless all are
// zero.
type stamp time.Time

func (t stamp) MarshalJSON() ([]byte, error) {
	u := time.Time(t).UTC().Truncate(time.Microsecond)
	layout := `"2006-01-02T15:04:05.000000Z"`
	if u.Nanosecond() == 0 {
		layout = `"2006-01-02T15:04:05Z"`
	}
	return []byte(u.Format(layout)), nil
}

// milliStamp is an instant as the states of background runs show it: PostHog writes them with Django's
// encoder, which cuts to milliseconds.
type milliStamp time.Time

func (t milliStamp) MarshalJSON() ([]byte, error) {
	u := time.Time(t).UTC().Truncate(time.Microsecond)
	layout := `"2006-01-02T15:04:05.000Z"`
	if u.Nanosecond() == 0 {
		layout = `"2006-01-02T15:04:05Z"`
	}
	return []byte(u.Format(layout)), nil
}

// milli returns the pointer form of an instant for a field that may be null.
func milli(t time.Time) *milliStamp {
	m := milliStamp(t)
	return &m
}
